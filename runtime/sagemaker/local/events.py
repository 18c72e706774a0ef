"""Changes of status as events: EventBridge's rules see them, and what they name hears of them.

moto's EventBridge reaches queues and log groups but no topics: it fails at the first one. So a
rule that fits and has topics is served from here; without such a rule the event goes through
moto itself.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from mrlc.runtime.sagemaker.local.cloud import ACCOUNT, Cloud
from mrlc.runtime.sagemaker.local.job import Job

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Training Job State Change"
_TIMES = ("CreationTime", "LastModifiedTime", "TrainingStartTime", "TrainingEndTime")


def tell(cloud: Cloud, job: Job) -> None:
    """Send a job's present state to every rule that waits for it."""
    events = cloud.client("events", job.region)
    event = _event(job)
    rules = [
        rule
        for page in events.get_paginator("list_rules").paginate()
        for rule in page["Rules"]
        if rule["State"] == "ENABLED" and fits(event, json.loads(rule.get("EventPattern", "null")))
    ]
    targets = [
        target["Arn"]
        for rule in rules
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    ]
    if any(":sns:" in arn for arn in targets):
        for arn in targets:
            _deliver(cloud, arn, event)
        return
    entry = {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Resources": [job.arn],
        "Detail": json.dumps(event["detail"]),
    }
    events.put_events(Entries=[entry])


def _event(job: Job) -> dict[str, Any]:
    detail = job.description()
    for name in _TIMES:
        if name in detail:
            detail[name] = int(1000 * detail[name])
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": job.region,
        "resources": [job.arn],
        "detail": detail,
    }


def _deliver(cloud: Cloud, arn: str, event: dict[str, Any]) -> None:
    service, region, name = arn.split(":")[2], arn.split(":")[3], arn.split(":")[5]
    if service == "sns":
        cloud.client("sns", region).publish(TopicArn=arn, Message=json.dumps(event))
    elif service == "sqs":
        sqs = cloud.client("sqs", region)
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))


def fits(value: Any, pattern: Any) -> bool:
    """Whether a pattern of literals and prefixes takes an event; any other filter takes none."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and fits(value[name], part) for name, part in pattern.items()
        )
    values = value if isinstance(value, list) else [value]
    return isinstance(pattern, list) and any(
        _is_taken(one, choice) for one in values for choice in pattern
    )


def _is_taken(value: Any, choice: Any) -> bool:
    if isinstance(choice, dict):
        return set(choice) == {"prefix"} and str(value).startswith(choice["prefix"])
    return bool(value == choice)
