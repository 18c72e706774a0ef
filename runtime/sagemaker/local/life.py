"""A job's life: a thread that makes one attempt after another, from the data to the archive.

Starting ▶ Downloading ▶ Training ▶ Uploading ▶ Completed | Failed
    ▲                       │
    └────── Interrupted ◀───┤      spare capacity is taken back
                            └──▶ Stopping ▶ Stopped | MaxRuntimeExceeded | …
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from queue import Queue
from threading import Thread
from time import monotonic, time

from mrlc.runtime.sagemaker.local.attempt import Attempt, Broken, Ending, Exited, Letter, Stop
from mrlc.runtime.sagemaker.local.cloud import Bucket, Cloud, Place
from mrlc.runtime.sagemaker.local.host import Host, hosts_of, meeting_point
from mrlc.runtime.sagemaker.local.job import Job
from mrlc.runtime.sagemaker.local.sidecar import Sidecar

DEFAULT_COMMAND = ("train",)
"""What an image runs where the request names no entry point."""
SERVICE_FAULT = "InternalServerError: We encountered an internal error. Please try again."


class Life(Thread):
    """Runs a job to its end; `send` tells it of something."""

    def __init__(
        self,
        job: Job,
        cloud: Cloud,
        folder: Path,
        *,
        grace_s: float,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(name=job.name, daemon=True)
        self.job = job
        self.cloud = cloud
        self.bucket = Bucket(cloud, job.region)
        self.folder = folder
        self.grace_s = grace_s
        self.environment = environment
        self.hosts: list[Host] = []
        self.attempts = 0
        self._mail: Queue[Letter] = Queue()
        self._is_stopped = False

    def send(self, letter: Letter) -> None:
        """Tell the job of something."""
        self._is_stopped = self._is_stopped or isinstance(letter, Stop)
        self._mail.put(letter)

    def run(self) -> None:
        """Live."""
        self.job.tell(self.job)
        try:
            while (ending := self._attempt()).is_to_restart:
                self.job.move(ending.status)
                self.job.move("Starting")
        except Exception as error:  # noqa: BLE001 -- a fault of ours ends the job, as one of the service's
            ending = Ending("Failed", f"InternalServerError: {type(error).__name__}: {error}")
        self._clear()
        self.job.move(ending.status, failure=ending.failure)

    def _attempt(self) -> Ending:
        self._clear()
        self.attempts += 1
        names = [name for name, _, _ in hosts_of(self.job.request)]
        self.hosts = [Host(name, self.folder / str(self.attempts) / name) for name in names]
        sidecar = Sidecar(
            self.job, self.cloud, self.hosts, on_fault=lambda cause: self.send(Broken(cause))
        )
        self.job.move("Downloading")
        try:
            self._download()
            sidecar.restore_checkpoints()
        except self.cloud.errors as error:
            return Ending("Failed", f"ClientError: Data download failed: {error}")
        if self._is_stopped:
            return Ending("Stopped")
        sidecar.start()
        ending = self._train(sidecar)
        sidecar.finish(is_lost=ending.is_lost)
        return ending if ending.is_to_restart else self._upload(ending)

    def _clear(self) -> None:
        for host in self.hosts:
            host.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _download(self) -> None:
        for index, host in enumerate(self.hosts):
            host.lay_out(self.job.request)
            for channel in self.job.request.get("InputDataConfig", ()):
                source = channel["DataSource"]["S3DataSource"]
                is_shared = source.get("S3DataDistributionType") == "ShardedByS3Key"
                self.bucket.fetch(
                    Place.of(source["S3Uri"]),
                    host.root / "input/data" / channel["ChannelName"],
                    share=index if is_shared else 0,
                    of=len(self.hosts) if is_shared else 1,
                )

    def _train(self, sidecar: Sidecar) -> Ending:
        algorithm = self.job.request["AlgorithmSpecification"]
        command = [
            *algorithm.get("ContainerEntrypoint", DEFAULT_COMMAND),
            *algorithm.get("ContainerArguments", ()),
        ]
        environment = self._environment_of()
        self.job.move("Training")
        begun = monotonic()
        try:
            for host in self.hosts:
                host.start(
                    command,
                    environment,
                    on_line=partial(sidecar.line, host.name),
                    on_exit=partial(self._exited, host),
                )
            return Attempt(
                self.hosts,
                self._mail,
                grace_s=self.grace_s,
                limit=self._limit(),
                interruption=self._interruption(),
            ).wait()
        except OSError as error:  # no such command
            return Ending("Failed", f"AlgorithmError: {error}, exit code: 127")
        finally:
            for host in self.hosts:
                host.kill()
            self.job.trained_s += monotonic() - begun

    def _exited(self, host: Host, code: int) -> None:
        self.send(Exited(host, code))

    def _environment_of(self) -> dict[str, str]:
        return {
            **self.environment,
            **(meeting_point() if len(self.hosts) > 1 else {}),
            "AWS_REGION": self.job.region,
            "AWS_DEFAULT_REGION": self.job.region,
            "TRAINING_JOB_NAME": self.job.name,
            "TRAINING_JOB_ARN": self.job.arn,
            **self.job.request.get("Environment", {}),
        }

    def _limit(self) -> tuple[float, Ending]:
        """When time is over, and what that is called."""
        condition = self.job.request["StoppingCondition"]
        run_s = condition.get("MaxRuntimeInSeconds", 86_400) - self.job.trained_s
        limits = [(monotonic() + run_s, Ending("MaxRuntimeExceeded"))]
        if (wait_s := condition.get("MaxWaitTimeInSeconds")) is not None:
            left_s = self.job.created + wait_s - time()
            limits.append((monotonic() + left_s, Ending("MaxWaitTimeExceeded")))
        return min(limits, key=lambda limit: limit[0])

    def _interruption(self) -> Ending:
        """What the loss of an instance means: to wait for another, to retry, or the end."""
        request = self.job.request
        if request.get("EnableManagedSpotTraining"):
            return Ending("Interrupted")
        retries = request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        return Ending("Restarting") if self.attempts <= retries else Ending("Failed", SERVICE_FAULT)

    def _upload(self, ending: Ending) -> Ending:
        """Bring the model and the output to S3; of a failed job, the output alone."""
        config = self.job.request["OutputDataConfig"]
        place = Place.of(config["S3OutputPath"]).below(f"{self.job.name}/output")
        self.job.move("Uploading")
        try:
            self.bucket.put_archive(self._all("output/data"), place.below("output.tar.gz"))
            if ending.status != "Failed":
                self._upload_model(place, is_packed=config.get("CompressionType") != "NONE")
        except self.cloud.errors as error:
            return Ending("Failed", f"ClientError: Artifact upload failed: {error}")
        return ending

    def _upload_model(self, place: Place, *, is_packed: bool) -> None:
        if is_packed:
            target = place.below("model.tar.gz")
            if self.bucket.put_archive(self._all("model"), target):
                self.job.artifacts = target.uri
            return
        for folder in reversed(self._all("model")):
            self.bucket.put_files(folder, place.below("model"))
        self.job.artifacts = f"{place.below('model').uri}/"

    def _all(self, name: str) -> list[Path]:
        return [host.root / name for host in self.hosts]
