"""What SageMaker runs beside a container: it ships the log, reads metrics from it, and copies
checkpoints to S3 as they are written.

One thread for all hosts of an attempt; it takes a turn every `TURN_S` and one last time at the
end. A checkpoint's files go up in any order and at any moment, half-written ones too, and
nothing is deleted there: that is what the service does, and what a job must live with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from time import time
from typing import Any

from mrlc.runtime.sagemaker.local.cloud import Bucket, Cloud, Place, files
from mrlc.runtime.sagemaker.local.host import Host
from mrlc.runtime.sagemaker.local.job import Job

GROUP = "/aws/sagemaker/TrainingJobs"
NAMESPACE = "/aws/sagemaker/TrainingJobs"
TURN_S = 0.2
BATCH = 1000
"""Entries of a request, of log lines and of metrics; the services take at least as many."""
LINE_LIMIT = 65_536
"""Characters of a log line; what is longer is cut."""
BATCH_BYTES = 900_000
"""The log takes 1,048,576 bytes a request, 26 of which it counts for each line."""


class Sidecar:
    """Serves the hosts of one attempt, from `start` to `finish`."""

    def __init__(
        self, job: Job, cloud: Cloud, hosts: Iterable[Host], *, on_fault: Callable[[str], None]
    ) -> None:
        self.job = job
        self.hosts = list(hosts)
        self.bucket = Bucket(cloud, job.region)
        self._logs = cloud.client("logs", job.region)
        self._metrics = cloud.client("cloudwatch", job.region)
        self._on_fault = on_fault
        self._lock = Lock()
        self._lines: dict[str, list[dict[str, Any]]] = {}
        self._points: list[dict[str, Any]] = []
        self._copied: dict[Path, tuple[int, int]] = {}
        self._streams: dict[str, str] = {}
        self._is_over = Event()
        self._thread = Thread(target=self._serve, daemon=True)
        self._expressions = [
            (one["Name"], re.compile(one["Regex"]))
            for one in job.request["AlgorithmSpecification"].get("MetricDefinitions", ())
        ]

    def start(self) -> None:
        """Make the log streams and begin."""
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_group(logGroupName=GROUP)
        for host in self.hosts:
            stream = f"{self.job.name}/{host.name}-{int(time())}"
            with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                self._logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
            self._streams[host.name] = stream
        self._thread.start()

    def finish(self, *, is_lost: bool = False) -> None:
        """End with a last turn; of lost instances nothing is copied any more."""
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join()
            self._turn(is_lost=is_lost)

    def line(self, host: str, text: str) -> None:
        """Take a line of a host's output."""
        now = time()
        with self._lock:
            entry = {"timestamp": int(1000 * now), "message": text[:LINE_LIMIT] or " "}
            self._lines.setdefault(host, []).append(entry)
        for name, expression in self._expressions:
            if (found := expression.search(text)) and found.groups():
                self._point(name, found.group(1), now)

    def _point(self, name: str, text: str | None, now: float) -> None:
        with suppress(TypeError, ValueError):
            value = float(text or "")
            self.job.measure(name, value, now)
            dimensions = [{"Name": "TrainingJobName", "Value": self.job.name}]
            point = {"MetricName": name, "Dimensions": dimensions, "Value": value, "Timestamp": now}
            with self._lock:
                self._points.append(point)

    def _serve(self) -> None:
        while not self._is_over.wait(TURN_S):
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 -- whatever a service says fails the job
                self._on_fault(f"{type(error).__name__}: {error}")
                return

    def _turn(self, *, is_lost: bool = False) -> None:
        with self._lock:
            lines, self._lines = self._lines, {}
            points, self._points = self._points, []
        for host, entries in lines.items():
            for batch in batches(entries):
                self._logs.put_log_events(
                    logGroupName=GROUP, logStreamName=self._streams[host], logEvents=batch
                )
        for begin in range(0, len(points), BATCH):
            self._metrics.put_metric_data(
                Namespace=NAMESPACE, MetricData=points[begin : begin + BATCH]
            )
        if not is_lost:
            self._copy_checkpoints()

    def _copy_checkpoints(self) -> None:
        for host in self.hosts:
            if (found := checkpoints(self.job.request, host)) is None:
                continue
            folder, place = found
            for path in files(folder):
                with suppress(FileNotFoundError):  # it was renamed or deleted meanwhile
                    about = path.stat()
                    state = (about.st_mtime_ns, about.st_size)
                    if self._copied.get(path) != state:
                        self.bucket.put(path, place.below(path.relative_to(folder).as_posix()))
                        self._copied[path] = state

    def restore_checkpoints(self) -> None:
        """Fill the hosts' folders of checkpoints from S3."""
        for host in self.hosts:
            if (found := checkpoints(self.job.request, host)) is not None:
                folder, place = found
                self.bucket.fetch(Place(place.bucket, place.below("").key), folder)
                for path in files(folder):
                    about = path.stat()
                    self._copied[path] = (about.st_mtime_ns, about.st_size)


def checkpoints(request: Mapping[str, Any], host: Host) -> tuple[Path, Place] | None:
    """A host's folder of checkpoints and its place in S3, where the job has one."""
    if (config := request.get("CheckpointConfig")) is None:
        return None
    return host.inside(config.get("LocalPath", "checkpoints")), Place.of(config["S3Uri"])


def batches(entries: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Log lines in as many requests as their number and bytes need."""
    found: list[list[dict[str, Any]]] = [[]]
    size = 0
    for entry in entries:
        own = len(entry["message"].encode()) + 26
        if len(found[-1]) == BATCH or size + own > BATCH_BYTES:
            found.append([])
            size = 0
        found[-1].append(entry)
        size += own
    return found
