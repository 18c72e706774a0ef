"""What the service knows of a job: its request, the statuses it went through, what it measured.

A job has a status for people (`TrainingJobStatus`) and a secondary one that says what is being
done. Here the secondary status alone is kept, and the other follows from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from time import time
from typing import Any

FAILURE_LIMIT = 1024
"""Characters of FailureReason."""
ENDED = {
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
    "MaxWaitTimeExceeded": "Stopped",
}
"""The secondary statuses of an ended job, and its status."""
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "Training job interrupted",
    "Restarting": "Restarting the training job after a fault of the service",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job stopped: it ran for MaxRuntimeInSeconds",
    "MaxWaitTimeExceeded": "Training job stopped: it waited and ran for MaxWaitTimeInSeconds",
}
NOT_DESCRIBED = ("Tags", "SessionChainingConfig")


@dataclass
class Job:
    """A job's record. Its own thread writes it, those of requests read it."""

    request: dict[str, Any]
    region: str
    arn: str
    tell: Callable[[Job], None]
    """Hears of each change of status."""
    created: float = field(default_factory=time)
    transitions: list[dict[str, Any]] = field(default_factory=list)
    metrics: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Each metric's last value and its time."""
    failure: str | None = None
    artifacts: str | None = None
    started: float | None = None
    """When it first trained."""
    ended: float | None = None
    trained_s: float = 0.0
    """Time of training, of all attempts."""
    lock: RLock = field(default_factory=RLock, repr=False)

    def __post_init__(self) -> None:
        self._enter("Starting", MESSAGES["Starting"])

    @property
    def name(self) -> str:
        """TrainingJobName."""
        return str(self.request["TrainingJobName"])

    @property
    def secondary(self) -> str:
        """SecondaryStatus."""
        return str(self.transitions[-1]["Status"])

    @property
    def status(self) -> str:
        """TrainingJobStatus."""
        secondary = self.secondary
        return ENDED.get(secondary, "Stopping" if secondary == "Stopping" else "InProgress")

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.secondary in ENDED

    def move(self, secondary: str, *, failure: str | None = None) -> None:
        """Go to a secondary status and say so; nothing leads from the end, or back from a stop."""
        with self.lock:
            if not self._may_move(secondary):
                return
            self.failure = failure and failure[:FAILURE_LIMIT]
            self._enter(secondary, self.failure or MESSAGES[secondary])
        self.tell(self)

    def _enter(self, secondary: str, message: str) -> None:
        now = time()
        if self.transitions:
            self.transitions[-1]["EndTime"] = now
        self.transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
        if secondary == "Training":
            self.started = self.started or now
        if secondary in ENDED:
            self.ended = self.transitions[-1]["EndTime"] = now

    def _may_move(self, secondary: str) -> bool:
        if self.is_ended or self.secondary == secondary:
            return False
        return self.secondary != "Stopping" or secondary in ENDED

    def measure(self, name: str, value: float, at: float) -> None:
        """Keep a metric's value."""
        with self.lock:
            self.metrics[name] = (value, at)

    def summary(self) -> dict[str, Any]:
        """As ListTrainingJobs gives it."""
        with self.lock:
            found = {
                "TrainingJobName": self.name,
                "TrainingJobArn": self.arn,
                "CreationTime": self.created,
                "LastModifiedTime": self.transitions[-1]["StartTime"],
                "TrainingEndTime": self.ended,
                "TrainingJobStatus": self.status,
                "SecondaryStatus": self.secondary,
            }
        return {key: value for key, value in found.items() if value is not None}

    def description(self) -> dict[str, Any]:
        """As DescribeTrainingJob gives it."""
        with self.lock:
            asked = {k: v for k, v in self.request.items() if k not in NOT_DESCRIBED}
            known = {
                "FailureReason": self.failure,
                "ModelArtifacts": self.artifacts and {"S3ModelArtifacts": self.artifacts},
                "TrainingStartTime": self.started,
                "SecondaryStatusTransitions": [dict(one) for one in self.transitions],
                "FinalMetricDataList": [
                    {"MetricName": name, "Value": value, "Timestamp": at}
                    for name, (value, at) in self.metrics.items()
                ],
                "ProfilingStatus": "Disabled",
            }
            if self.ended and self.started:
                seconds = math.ceil(self.trained_s)
                known |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
            given = {key: value for key, value in known.items() if value not in (None, [])}
            return {**asked, **self.summary(), **given}
