"""The jobs of a local SageMaker, and what can be done to them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from mrlc.runtime.sagemaker.local import events
from mrlc.runtime.sagemaker.local.attempt import Interrupt, Stop
from mrlc.runtime.sagemaker.local.cloud import ACCOUNT, Cloud
from mrlc.runtime.sagemaker.local.job import Job
from mrlc.runtime.sagemaker.local.life import Life
from mrlc.runtime.sagemaker.local.refused import Refused, invalid, not_found

GRACE_S = 120.0
"""From SIGTERM to SIGKILL, as the service has it."""


class Service:
    """All jobs, by region and name."""

    def __init__(
        self,
        cloud: Cloud,
        folder: Path,
        *,
        grace_s: float = GRACE_S,
        environment: Mapping[str, str],
    ) -> None:
        self.cloud = cloud
        self.folder = folder
        self.grace_s = grace_s
        self.environment = environment
        self._lives: dict[tuple[str, str], Life] = {}
        self._lock = Lock()
        self._count = 0

    def create(self, request: dict[str, Any], region: str) -> Job:
        """Begin a job.

        Raises:
            Refused: its name is taken.
        """
        name = request["TrainingJobName"]
        job = Job(
            request,
            region,
            f"arn:aws:sagemaker:{region}:{ACCOUNT}:training-job/{name}",
            tell=self._tell,
        )
        with self._lock:
            if (region, name) in self._lives:
                message = (
                    "Training job names must be unique within an AWS account and region, "
                    f"and a training job with this name already exists ({job.arn})"
                )
                raise Refused("ResourceInUse", message)
            self._count += 1
            life = self._lives[region, name] = Life(
                job,
                self.cloud,
                self.folder / str(self._count),
                grace_s=self.grace_s,
                environment=self.environment,
            )
        life.start()
        return job

    def job(self, name: str, region: str) -> Job:
        """A job by its name.

        Raises:
            Refused: there is none.
        """
        return self._life(name, region).job

    def jobs(self, region: str) -> list[Job]:
        """All jobs of a region, in the order of their making."""
        with self._lock:
            return [life.job for (where, _), life in self._lives.items() if where == region]

    def stop(self, name: str, region: str) -> None:
        """Begin to stop a job; to one that is stopping, nothing.

        Raises:
            Refused: it has ended.
        """
        life = self._life(name, region)
        if life.job.is_ended:
            raise invalid(
                f"The request was rejected because the training job is in status {life.job.status}."
            )
        life.job.move("Stopping")
        life.send(Stop())

    def delete(self, name: str, region: str) -> None:
        """Forget a job that has ended.

        Raises:
            Refused: it has not.
        """
        life = self._life(name, region)
        if not life.job.is_ended:
            message = f"The training job is in status {life.job.status}; stop it first."
            raise Refused("ResourceInUse", message)
        with self._lock:
            self._lives.pop((region, name), None)

    def interrupt(
        self, name: str, *, region: str = "us-east-1", grace_s: float | None = None
    ) -> None:
        """Take a training job's instances back: SIGTERM, a grace period, SIGKILL.

        A grace period of zero is a loss without a word. A spot job then waits for new instances,
        and starts again from its checkpoints; another one is a fault of the service.

        Raises:
            Refused: the job is not training.
        """
        life = self._life(name, region)
        if life.job.secondary != "Training":
            raise invalid(f"The training job is not training: {life.job.secondary}.")
        life.send(Interrupt(self.grace_s if grace_s is None else grace_s))

    def processes(self, name: str, *, region: str = "us-east-1") -> dict[str, int]:
        """The id of each host's first process, where it runs."""
        started = ((host.name, host.process) for host in self._life(name, region).hosts)
        return {name: one.pid for name, one in started if one is not None and one.poll() is None}

    def close(self) -> None:
        """End every job at once."""
        with self._lock:
            lives = list(self._lives.values())
        for life in lives:
            life.send(Stop())
            for host in life.hosts:
                host.kill()
        for life in lives:
            life.join(timeout=5)

    def _life(self, name: str, region: str) -> Life:
        with self._lock:
            found = self._lives.get((region, name))
        if found is None:
            raise not_found()
        return found

    def _tell(self, job: Job) -> None:
        try:
            events.tell(self.cloud, job)
        except self.cloud.errors as error:  # a target that is gone is no reason to fail the job
            print(f"event of {job.name}: {error}", file=sys.stderr)
