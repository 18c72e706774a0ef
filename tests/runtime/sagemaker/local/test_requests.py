"""What is asked and refused, with boto3's own exceptions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from mrlc.runtime.sagemaker.local.cloud import relative
from mrlc.runtime.sagemaker.local.events import fits
from mrlc.runtime.sagemaker.local.sidecar import BATCH, batches

if TYPE_CHECKING:
    from .conftest import Desk

SPOT_WITHOUT_WAIT = {"EnableManagedSpotTraining": True}
CHANNEL = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://my-team/nothing/"}},
}
RESOURCES = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}
MANY = {"InstanceType": "ml.nope.1", "InstanceCount": 1, "VolumeSizeInGB": 10}
TOPIC_RULE = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Training Job State Change"],
    "detail": {"TrainingJobName": ["told"], "TrainingJobStatus": ["Completed"]},
}


def algorithm(**changed: Any) -> dict[str, Any]:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer:1"
    return {"TrainingImage": image, "TrainingInputMode": "File", **changed}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"TrainingJobName": "ends-in-"},
            "at 'TrainingJobName': `ends-in-` does not have the form",
        ),
        ({"TrainingJobName": "x" * 64}, "the service takes at most 63"),
        ({"RoleArn": "arn:aws:iam::1:role/short-number"}, "at 'RoleArn'"),
        ({"ResourceConfig": {**RESOURCES, "InstanceType": "ml.g5.xlrge"}}, "InstanceType"),
        ({"HyperParameters": {"k": "v" * 2501}}, "2,500"),
        ({"Environment": {"1BAD": "x"}}, "at 'Environment.1BAD'"),
        ({"OutputDataConfig": {"S3OutputPath": "my-team/out"}}, "S3OutputPath"),
        (SPOT_WITHOUT_WAIT, "Invalid MaxWaitTimeInSeconds"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86_400 + 1}}, "at most 2419200"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 2}}, "only for"),
        ({"ResourceConfig": {"VolumeSizeInGB": 10}}, "or InstanceGroups"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "Exactly one of TrainingImage"),
        (
            {
                "AlgorithmSpecification": algorithm(
                    MetricDefinitions=[{"Name": "m", "Regex": "((("}]
                )
            },
            "The regex of the metric m is none",
        ),
        (
            {"AlgorithmSpecification": algorithm(MetricDefinitions=[{"Name": "m", "Regex": "x"}])},
            "The regex of the metric m has no group",
        ),
        (
            {"InputDataConfig": [CHANNEL]},
            'No S3 objects found under S3 URL "s3://my-team/nothing/"',
        ),
        ({"InputDataConfig": [CHANNEL, CHANNEL]}, "The channel train is given twice"),
    ],
)
def test_bad_requests(desk: Desk, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError) as caught:
        desk.start("bad", **changed)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert message in error["Message"]
    with pytest.raises(ClientError, match="not found"):
        desk.describe("bad")


def test_all_faults_of_a_shape_at_once(desk: Desk) -> None:
    body = desk.request("bad", ResourceConfig=MANY, RoleArn="nobody")
    headers = {"X-Amz-Target": "SageMaker.CreateTrainingJob"}
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(desk.local.door.url, json.dumps(body).encode(), headers))
    assert caught.value.code == 400
    reply = json.load(caught.value)
    assert reply["__type"] == "ValidationException"
    assert reply["message"].startswith("2 validation errors detected: at ")


def test_a_name_is_taken_once(desk: Desk) -> None:
    arn = desk.start("once")
    with pytest.raises(desk.sagemaker.exceptions.ResourceInUse) as caught:
        desk.start("once", "exit 1")
    assert arn in str(caught.value)
    assert desk.finished("once")["TrainingJobStatus"] == "Completed"
    with pytest.raises(desk.sagemaker.exceptions.ResourceInUse):
        desk.start("once")


@pytest.mark.parametrize("operation", ["describe", "stop", "delete"])
def test_a_job_that_is_not_there(desk: Desk, operation: str) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Requested resource not found"):
        getattr(desk.sagemaker, f"{operation}_training_job")(TrainingJobName="nobody")


def test_an_ended_job_cannot_be_stopped_but_deleted(desk: Desk) -> None:
    desk.start("over", "sleep 0.3")
    with pytest.raises(desk.sagemaker.exceptions.ResourceInUse):
        desk.sagemaker.delete_training_job(TrainingJobName="over")
    desk.finished("over")
    with pytest.raises(ClientError, match="in status Completed"):
        desk.sagemaker.stop_training_job(TrainingJobName="over")
    desk.sagemaker.delete_training_job(TrainingJobName="over")
    with pytest.raises(ClientError, match="not found"):
        desk.describe("over")


def test_another_operation_is_refused_at_once(desk: Desk) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        desk.sagemaker.list_models()


def test_lists_in_pages(desk: Desk) -> None:
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        desk.start(name, "exit 1" if name == "page-3" else "true")
    for name in names:
        desk.finished(name)
    pages = desk.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="PAGE-", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    found = [[one["TrainingJobName"] for one in page["TrainingJobSummaries"]] for page in pages]
    assert found == [names[:2], names[2:4], names[4:]]
    (failed,) = desk.sagemaker.list_training_jobs(NameContains="page-", StatusEquals="Failed")[
        "TrainingJobSummaries"
    ]
    assert failed["TrainingJobName"] == "page-3"
    assert failed["TrainingEndTime"] >= failed["CreationTime"]
    newest = desk.sagemaker.list_training_jobs(NameContains="page-", MaxResults=1)
    assert newest["TrainingJobSummaries"][0]["TrainingJobName"] == "page-4"
    for hours, count in ((-1, 5), (1, 0)):
        after = desk.sagemaker.list_training_jobs(
            NameContains="page-", CreationTimeAfter=failed["CreationTime"] + timedelta(hours=hours)
        )
        assert len(after["TrainingJobSummaries"]) == count
    with pytest.raises(ClientError, match="NextToken"):
        desk.sagemaker.list_training_jobs(NextToken="what")


def test_tags(desk: Desk) -> None:
    arn = desk.start("tagged", Tags=[{"Key": "mrlc:name", "Value": "desk"}])
    desk.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "rl"}])
    found = desk.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert found == [{"Key": "mrlc:name", "Value": "desk"}, {"Key": "team", "Value": "rl"}]
    assert "Tags" not in desk.describe("tagged")


def test_a_rule_tells_a_topic_of_the_end(desk: Desk) -> None:
    sns, sqs, events = (desk.client(name) for name in ("sns", "sqs", "events"))
    topic = sns.create_topic(Name="ops")["TopicArn"]
    queue = sqs.create_queue(QueueName="ops")["QueueUrl"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:123456789012:ops",
        Attributes={"RawMessageDelivery": "true"},
    )
    events.put_rule(Name="end", EventPattern=json.dumps(TOPIC_RULE))
    events.put_targets(Rule="end", Targets=[{"Id": "1", "Arn": topic}])
    desk.start("not-told")
    desk.start("told")
    desk.finished("not-told")
    desk.finished("told")
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2, MaxNumberOfMessages=10)[
        "Messages"
    ]
    event = json.loads(message["Body"])
    assert event["detail"]["TrainingJobName"] == "told"
    assert event["detail"]["SecondaryStatus"] == "Completed"
    events.remove_targets(Rule="end", Ids=["1"])
    events.delete_rule(Name="end")


def test_a_rule_reaches_a_queue_through_moto(desk: Desk) -> None:
    sqs, events = desk.client("sqs"), desk.client("events")
    queue = sqs.create_queue(QueueName="direct")["QueueUrl"]
    pattern = {"source": ["aws.sagemaker"], "detail": {"TrainingJobName": ["queued"]}}
    events.put_rule(Name="queue", EventPattern=json.dumps(pattern))
    arn = "arn:aws:sqs:us-east-1:123456789012:direct"
    events.put_targets(Rule="queue", Targets=[{"Id": "1", "Arn": arn}])
    desk.start("queued")
    desk.finished("queued")
    found: list[str] = []
    while len(found) < 5:
        reply = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5, MaxNumberOfMessages=10)
        found += [json.loads(one["Body"])["detail"]["SecondaryStatus"] for one in reply["Messages"]]
    assert sorted(found) == sorted(desk.statuses("queued"))
    events.remove_targets(Rule="queue", Ids=["1"])
    events.delete_rule(Name="queue")


@pytest.mark.parametrize(
    ("key", "prefix", "expected"),
    [
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("data/a/b", "data/", "a/b"),
        ("data/a/b", "data", "a/b"),
        ("data/a/b", "", "data/a/b"),
        ("data/train/x", "data/tr", "train/x"),
        ("train", "tr", "train"),
    ],
)
def test_where_an_object_goes(key: str, prefix: str, expected: str) -> None:
    assert relative(key, prefix) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"a": ["x", "y"]}, True),
        ({"a": [{"prefix": "x"}], "b": {"c": [1]}}, True),
        ({"a": ["y"]}, False),
        ({"z": ["x"]}, False),
        ({"a": [{"anything-but": "y"}]}, False),
        (None, False),
    ],
)
def test_patterns(pattern: Any, expected: bool) -> None:
    assert fits({"a": "x", "b": {"c": 1}}, pattern) is expected


def test_log_lines_in_batches() -> None:
    assert [len(one) for one in batches([{"message": "x"}] * (BATCH + 1))] == [BATCH, 1]
    assert [len(one) for one in batches([{"message": "x" * 500_000}] * 3)] == [1, 1, 1]
