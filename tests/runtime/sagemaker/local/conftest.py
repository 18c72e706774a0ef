"""Both servers, started once, and jobs that are a line of shell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import boto3
import pytest

from mrlc.compiler.targets.service_model import refusals
from mrlc.runtime.sagemaker.local.session import Local, open_local

ROLE = "arn:aws:iam::123456789012:role/Trainer"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer:1"
BUCKET = "my-team"
REGION = "us-east-1"
GROUP = "/aws/sagemaker/TrainingJobs"
ENDED = ("Completed", "Failed", "Stopped")


def a_request(name: str, script: str = "true", **changed: Any) -> dict[str, Any]:
    """A job whose container runs a script; a change to None takes a member out."""
    request = {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh"],
            "ContainerArguments": ["-c", script],
        },
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ResourceConfig": {
            "InstanceType": "ml.g5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changed,
    }
    return {key: value for key, value in request.items() if value is not None}


@dataclass(frozen=True)
class Desk:
    """What a person at a terminal has: clients, and patience."""

    local: Local
    clients: dict[str, Any]

    @property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    @property
    def s3(self) -> Any:
        return self.client("s3")

    request = staticmethod(a_request)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            urls = self.local.environment
            url = urls.get(f"AWS_ENDPOINT_URL_{service.upper()}", urls["AWS_ENDPOINT_URL"])
            self.clients[service] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=url,
                aws_access_key_id="somebody",
                aws_secret_access_key="secret",
            )
        return self.clients[service]

    def start(self, name: str, script: str = "true", **changed: Any) -> str:
        reply = self.sagemaker.create_training_job(**self.request(name, script, **changed))
        return str(reply["TrainingJobArn"])

    def describe(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return found

    def until(
        self, name: str, ready: Callable[[dict[str, Any]], object], *, within_s: float = 30
    ) -> dict[str, Any]:
        """What is described of a job as soon as it is ready."""
        end = monotonic() + within_s
        while monotonic() < end:
            if ready(found := self.describe(name)):
                return found
            sleep(0.02)
        raise AssertionError(f"{name} is still {found['SecondaryStatus']}: {self.log(name)}")

    def finished(self, name: str) -> dict[str, Any]:
        return self.until(name, lambda found: found["TrainingJobStatus"] in ENDED)

    def until_log(self, name: str, text: str) -> None:
        """Wait until a line of the job's log holds a text."""
        self.until(name, lambda _: text in self.log(name))

    def log(self, name: str) -> str:
        logs = self.client("logs")
        streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/")
        return "\n".join(
            event["message"]
            for stream in streams["logStreams"]
            for event in logs.get_log_events(
                logGroupName=GROUP, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        )

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", ())]

    def read(self, key: str) -> bytes:
        content: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def statuses(self, name: str) -> list[str]:
        return [one["Status"] for one in self.describe(name)["SecondaryStatusTransitions"]]


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    with open_local(refusals, grace_s=5) as local:
        made = Desk(local, {})
        made.s3.create_bucket(Bucket=BUCKET)
        made.client("logs").create_log_group(logGroupName=GROUP)
        yield made
