"""What the containers of a job print, from CloudWatch Logs.

Each container has a stream, `<job>/algo-1-<number>`, and a new one for each attempt. A stream is
read forward from where the last look ended; one look gives the new lines of all in order of time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mrlc.runtime.sagemaker.client import Aws

GROUP = "/aws/sagemaker/TrainingJobs"
ABSENT = {"ResourceNotFoundException"}
LEADS = "algo-1"
"""The host that keeps the run, and has the last word."""
FEW = 50
"""Lines at the end of a log in which the last word is looked for; libraries may say goodbye."""
_END = re.compile(r"^mrlc (stopped by alert .+)$")


class Line(NamedTuple):
    """A line that a container printed."""

    time_ms: int
    host: str
    text: str


class Tail:
    """The log of one job, from where it was last read."""

    def __init__(self, aws: Aws, job: str) -> None:
        """Begin at the start."""
        self._aws, self._job = aws, job
        self._tokens: dict[str, str | None] = {}

    @property
    def hosts(self) -> int:
        """How many containers have been heard."""
        return len({_host(stream) for stream in self._tokens})

    def read(self) -> list[Line]:
        """What is new since the last look.

        Raises:
            RemoteFailed: the log cannot be read.
        """
        for stream in self._streams():
            self._tokens.setdefault(stream, None)
        lines = [line for stream in self._tokens for line in self._new(stream)]
        return sorted(lines, key=lambda line: line.time_ms)  # stable: a stream keeps its order

    def _streams(self) -> Iterator[str]:
        page = dict[str, str]()
        while True:
            answer = self._aws.find(
                "logs",
                "DescribeLogStreams",
                absent=ABSENT,
                logGroupName=GROUP,
                logStreamNamePrefix=f"{self._job}/",
                **page,
            )
            if answer is None:  # no job of this account has printed yet
                return
            yield from (str(one["logStreamName"]) for one in answer["logStreams"])
            if not (token := answer.get("nextToken")):
                return
            page = {"nextToken": token}

    def _new(self, stream: str) -> Iterator[Line]:
        while True:
            token = self._tokens[stream]
            answer = self._aws.ask(
                "logs",
                "GetLogEvents",
                logGroupName=GROUP,
                logStreamName=stream,
                startFromHead=True,
                **({"nextToken": token} if token else {}),
            )
            for event in answer["events"]:
                yield Line(int(event["timestamp"]), _host(stream), str(event["message"]))
            self._tokens[stream] = answer["nextForwardToken"]
            if answer["nextForwardToken"] == token:  # a page may be empty before the end
                return


def end_by_alert(aws: Aws, job: str) -> str | None:
    """What the log of an ended job says of the alert that ended it, if one did.

    Raises:
        RemoteFailed: the log cannot be read.
    """
    prefix = f"{job}/{LEADS}-"
    found = aws.find(
        "logs",
        "DescribeLogStreams",
        absent=ABSENT,
        logGroupName=GROUP,
        logStreamNamePrefix=prefix,
    )
    streams = sorted(str(one["logStreamName"]) for one in found["logStreams"]) if found else []
    if not streams:
        return None
    last = {"logGroupName": GROUP, "logStreamName": streams[-1], "limit": FEW}
    events = aws.ask("logs", "GetLogEvents", startFromHead=False, **last)["events"]
    matches = (_END.match(str(event["message"]).rstrip()) for event in reversed(events))
    return next((match[1] for match in matches if match), None)


def _host(stream: str) -> str:
    """`algo-1` of `<job>/algo-1-1700000000`."""
    container = stream.rpartition("/")[2]
    return "-".join(container.split("-")[:2])
