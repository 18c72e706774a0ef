"""Jobs as the service has them: sent once, looked at, counted, stopped; and what goes with them.

`send` is safe to be killed between any two of its requests, and to be run by two at once: each
step finds what is there and leaves it, or writes the same again.

    source, plan → alarms → rule and its targets → job

The job is last: whatever fails before, nothing runs; and where the service refuses it, its alarms
and its rule are taken back, as an alarm without a job would ring for ever. A job that exists has
all of them, so they are not made again for it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from mrlc.runtime.errors import PlanFault, RemoteFailed
from mrlc.runtime.sagemaker.client import Aws
from mrlc.runtime.sagemaker.job import Job, attempt
from mrlc.runtime.sagemaker.refusals import Refused
from mrlc.runtime.sagemaker.upload import puts, upload

ENDED = ("Completed", "Failed", "Stopped")
OURS = re.compile(r".+-[0-9a-f]{10}(-\d+)?")
"""Job names that mrlc makes: an experiment, ten digits of its digest, a further attempt's number."""
NEWS_TAKES = timedelta(minutes=5)
"""How long after a job's end its rule stays, so that the message of the end is out."""
TAKEN = {"ResourceInUse", "ResourceInUseException"}

CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
"""Of the partitions that have their own."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Seen:
    """A job as DescribeTrainingJob has it, or the list, which says less."""

    answer: dict[str, Any]

    @property
    def name(self) -> str:
        """The job's."""
        return str(self.answer["TrainingJobName"])

    @property
    def arn(self) -> str:
        """The job's."""
        return str(self.answer["TrainingJobArn"])

    @property
    def status(self) -> str:
        """InProgress, Completed, Failed, Stopping or Stopped."""
        return str(self.answer["TrainingJobStatus"])

    @property
    def url(self) -> str:
        """Its page in the console."""
        _, partition, _, region, *_ = self.arn.split(":")
        host = CONSOLES.get(partition, "console.aws.amazon.com")
        return f"https://{region}.{host}/sagemaker/home?region={region}#/jobs/{self.name}"

    @property
    def has_ended(self) -> bool:
        """Whether it is over, however it ended."""
        return self.status in ENDED

    @property
    def is_settled(self) -> bool:
        """Whether it ended so long ago that all there is to hear of it has been said."""
        ended = self.answer.get("TrainingEndTime") or self.answer.get("LastModifiedTime")
        return self.has_ended and not (ended and datetime.now(UTC) - ended < NEWS_TAKES)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric."""
        latest = self.answer.get("FinalMetricDataList", ())
        return {one["MetricName"]: float(one["Value"]) for one in latest}

    @property
    def semantic(self) -> str | None:
        """The digest it was sent with; None: not by mrlc."""
        found: str | None = self.answer.get("HyperParameters", {}).get("mrlc.semantic")
        return found


def look(aws: Aws, name: str) -> Seen | None:
    """The job of a name; None: there is none.

    Raises:
        RemoteFailed: the service does not say.
    """
    try:
        return Seen(aws.ask("sagemaker", "DescribeTrainingJob", TrainingJobName=name))
    except Refused as error:
        # The service has no code of its own for it.
        if error.code in ("ValidationException", "ResourceNotFound") and _says_absent(error):
            return None
        raise


def _says_absent(error: Refused) -> bool:
    return any(word in str(error).lower() for word in ("not found", "could not find"))


def existing(aws: Aws, job: Job) -> Seen | None:
    """The job, where it was sent before.

    Raises:
        PlanFault: the name is another job's.
        RemoteFailed: the service does not say.
    """
    seen = look(aws, job.name)
    if seen is not None and seen.semantic != job.semantic:
        message = f"there is a job `{job.name}` in {aws.region} that is not this experiment"
        help = "give the experiment another name"
        raise PlanFault("name", message, help=help)
    return seen


def newest(aws: Aws, job: Job) -> tuple[Job, Seen]:
    """The last attempt at a job that exists.

    Raises:
        PlanFault: the name is another job's.
        RemoteFailed: the service does not say.
    """
    found, seen = job, existing(aws, job)
    assert seen is not None, "asked of a job that exists"
    for number in count(2):
        later = attempt(job, number)
        if (its := existing(aws, later)) is None:
            return found, seen
        found, seen = later, its
    raise AssertionError("count is endless")


def next_attempt(job: Job, last: Job) -> Job:
    """The attempt after the last one."""
    tail = last.name.removeprefix(job.name)
    return attempt(job, int(tail.removeprefix("-")) + 1 if tail else 2)


def send(aws: Aws, job: Job, say: Say) -> str:
    """Bring a job that does not exist yet into being; its ARN.

    Raises:
        PlanFault: the name was taken by another job.
        RemoteFailed: the service refuses it, or cannot be reached.
    """
    what = "uploaded" if upload(aws, job) else "there already"
    say(f"{job.name}: source {what}, {job.source.size:,} bytes")
    try:
        for service, operation, request in _requests(job):
            answer = aws.ask(service, operation, **request)
    except Refused as error:
        if error.code in TAKEN and (seen := existing(aws, job)) is not None:
            return seen.arn  # another submit was faster, or an attempt of ours got through unheard
        _take_back(aws, job)
        raise
    return str(answer["TrainingJobArn"])


def requests(job: Job) -> list[dict[str, Any]]:
    """All that `send` asks for where nothing is there yet, in order; bodies by their files.

    Raises:
        PlanBroken: the source is too large.
    """
    files = [("s3", "PutObject", {**put, "Body": str(one.file)}) for one, put in puts(job)]
    return [
        {"service": service, "operation": operation, "request": request}
        for service, operation, request in (*files, *_requests(job))
    ]


def _requests(job: Job) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for alarm in job.alarms:
        yield "cloudwatch", "PutMetricAlarm", alarm
    if job.events:
        yield "events", "PutRule", job.events["rule"]
        yield "events", "PutTargets", job.events["targets"]
    yield "sagemaker", "CreateTrainingJob", job.estimator


def _take_back(aws: Aws, job: Job) -> None:
    """What was made for a job that is not to be; what cannot be taken back is overwritten later."""
    made = Companions.of(job)
    with contextlib.suppress(RemoteFailed):
        made.drop_alarms(aws)
    with contextlib.suppress(RemoteFailed):
        made.drop_rule(aws)


@dataclass(frozen=True)
class Companions:
    """What is made with a job and goes after it."""

    alarms: tuple[str, ...]
    rule: str | None
    targets: tuple[str, ...]

    @classmethod
    def of(cls, job: Job) -> Companions:
        """Those of a job."""
        targets = job.events["targets"]["Targets"] if job.events else []
        return cls(
            tuple(alarm["AlarmName"] for alarm in job.alarms),
            job.events["rule"]["Name"] if job.events else None,
            tuple(target["Id"] for target in targets),
        )

    def drop_alarms(self, aws: Aws) -> None:
        """Delete the alarms; it does not matter which are still there."""
        drop_alarms(aws, self.alarms)

    def drop_rule(self, aws: Aws) -> None:
        """Delete the rule, its targets first."""
        absent = {"ResourceNotFoundException"}
        if self.rule is not None:
            targets = {"Rule": self.rule, "Ids": list(self.targets)}
            aws.find("events", "RemoveTargets", absent=absent, **targets)
            aws.find("events", "DeleteRule", absent=absent, Name=self.rule)

    def tidy(self, aws: Aws, seen: Seen) -> bool:
        """Take down what an ended job does not need any more; whether all is gone.

        Raises:
            RemoteFailed: it cannot be taken down.
        """
        self.drop_alarms(aws)
        return self.tidy_rule(aws, seen)

    def tidy_rule(self, aws: Aws, seen: Seen) -> bool:
        """Delete the rule of an ended job, unless the message of its end may be on its way.

        Raises:
            RemoteFailed: it cannot be deleted.
        """
        if self.rule is not None and not seen.is_settled:
            return False
        self.drop_rule(aws)
        return True


def drop_alarms(aws: Aws, names: Sequence[str]) -> None:
    """Delete alarms, as many a request as the service takes.

    Raises:
        RemoteFailed: they cannot be deleted.
    """
    for start in range(0, len(names), 100):
        aws.ask("cloudwatch", "DeleteAlarms", AlarmNames=list(names[start : start + 100]))


def stop(aws: Aws, seen: Seen) -> bool:
    """Ask a job to stop; False: it has ended, or ends already.

    Raises:
        RemoteFailed: the service refuses.
    """
    if seen.has_ended or seen.status == "Stopping":
        return False
    aws.ask("sagemaker", "StopTrainingJob", TrainingJobName=seen.name)
    return True


def running(aws: Aws) -> set[str]:
    """Which of mrlc's jobs are in progress in the region, whoever sent them.

    Raises:
        RemoteFailed: the service does not say.
    """
    found, page = set[str](), dict[str, str]()
    while True:
        answer = aws.ask(
            "sagemaker", "ListTrainingJobs", StatusEquals="InProgress", MaxResults=100, **page
        )
        names = (str(one["TrainingJobName"]) for one in answer["TrainingJobSummaries"])
        found |= {name for name in names if OURS.fullmatch(name)}
        if not (token := answer.get("NextToken")):
            return found
        page = {"NextToken": token}
