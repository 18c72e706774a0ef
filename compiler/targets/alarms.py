"""What rings when nobody looks: CloudWatch alarms on the job's metrics, an event on its end.

An alarm watches one job, so it is made with the job and is deleted after it. Its actions, and the
target of the event, are the topics under `notify`; without any, nothing is told.

What is wrong is decided in the job, which knows trends and evaluations; an alarm rings when a rule
has fired there. So it reaches people also where the container itself can reach nobody.
"""

from __future__ import annotations

import json
import math
from typing import Any

from mrlc.compiler.targets.metrics import FIRING, STEP, alert_metrics, has_alerts
from mrlc.schemas import Experiment
from mrlc.schemas.sagemaker import SageMaker

NAMESPACE = "/aws/sagemaker/TrainingJobs"
PERIOD_S = 300
ALERT_PERIOD_S = 60
"""Of a firing, which is one point at one step; the shortest that a standard metric has."""
BROKEN = 0.5
"""Share of episodes lost to a broken environment at which nothing useful is learnt."""
ENDED = ("Completed", "Failed", "Stopped")


def alarms(experiment: Experiment, job: SageMaker, name: str) -> list[dict[str, Any]]:
    """PutMetricAlarm requests."""
    periods = math.ceil(job.stall_s / PERIOD_S)
    stalled = {
        **_alarm(job, name, "stalled", STEP),
        "AlarmDescription": f"No step for {job.stall_s} s: the job waits, hangs or is dead.",
        "Statistic": "SampleCount",
        "ComparisonOperator": "LessThanThreshold",
        "Threshold": 1.0,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": periods,
        "TreatMissingData": "breaching",  # a job that prints nothing has no data point at all
    }
    broken = {
        **_alarm(job, name, "environment", "rollout/env_error"),
        "AlarmDescription": "Half of the episodes end in a broken environment.",
        "Statistic": "Maximum",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": BROKEN,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "TreatMissingData": "notBreaching",
    }
    return [stalled, broken, *_alerts(experiment, job, name)]


def _alerts(experiment: Experiment, job: SageMaker, name: str) -> list[dict[str, Any]]:
    """One alarm for all rules, and one more for each that does more than warn."""
    if not has_alerts(experiment):
        return []
    each = [
        (f"alert-{rule}", metric, f"The alert {rule} has fired; the job's log says why.")
        for rule, metric in alert_metrics(experiment).items()
    ]
    every = ("alerts", FIRING, "An alert has fired; the job's log says which.")
    return [
        {
            **_alarm(job, name, what, metric),
            "AlarmDescription": description,
            "Statistic": "Maximum",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1.0,
            "Period": ALERT_PERIOD_S,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "TreatMissingData": "notBreaching",
        }
        for what, metric, description in [every, *each]
    ]


def _alarm(job: SageMaker, name: str, what: str, metric: str) -> dict[str, Any]:
    return {
        "AlarmName": f"mrlc-{name}-{what}",
        "Namespace": NAMESPACE,
        "MetricName": metric,
        "Dimensions": [{"Name": "TrainingJobName", "Value": name}],
        "Period": PERIOD_S,
        "ActionsEnabled": bool(job.notify),
        "AlarmActions": list(job.notify),
    }


def events(job: SageMaker, name: str) -> dict[str, Any]:
    """PutRule and PutTargets requests: the job's end goes to the topics; nothing without any."""
    if not job.notify:
        return {}
    rule = f"mrlc-{name}"
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Training Job State Change"],
        "detail": {"TrainingJobName": [name], "TrainingJobStatus": list(ENDED)},
    }
    targets = [{"Id": f"topic-{index}", "Arn": topic} for index, topic in enumerate(job.notify)]
    return {
        "rule": {
            "Name": rule,
            "Description": f"The end of {name}",
            "EventPattern": json.dumps(pattern, sort_keys=True),
            "State": "ENABLED",
        },
        "targets": {"Rule": rule, "Targets": targets},
    }
