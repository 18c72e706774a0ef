"""Interruptions: what a job finds again, and what is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

if TYPE_CHECKING:
    from .conftest import Desk

COUNTER = (  # one line of at most 256 characters, as the service has it
    'cd "$MRLC_ML_ROOT/checkpoints"; trap "echo told >> told; exit 0" TERM; '
    "i=$(cat step || echo 0); echo from $i; while [ $i -lt 40 ]; "
    "do i=$((i+1)); echo $i > new; mv new step; sleep 0.03; done; cp step ../model"
)
SPOT: dict[str, Any] = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
}


def checkpoints(name: str) -> dict[str, Any]:
    return {"CheckpointConfig": {"S3Uri": f"s3://my-team/checkpoints/{name}"}}


def begun(desk: Desk, name: str) -> int:
    """The last step that a copy in S3 has, once there is one."""
    desk.until(name, lambda _: f"checkpoints/{name}/step" in desk.keys(f"checkpoints/{name}/"))
    return int(desk.read(f"checkpoints/{name}/step"))


def test_a_spot_job_goes_on_from_its_checkpoints(desk: Desk) -> None:
    desk.start("spot", COUNTER, **SPOT, **checkpoints("spot"))
    step = begun(desk, "spot")
    desk.local.service.interrupt("spot")
    found = desk.finished("spot")
    assert found["TrainingJobStatus"] == "Completed", desk.log("spot")
    once = ["Starting", "Downloading", "Training"]
    assert desk.statuses("spot") == [*once, "Interrupted", *once, "Uploading", "Completed"]
    first, second = [line for line in desk.log("spot").splitlines() if line.startswith("from")]
    assert first == "from 0"
    assert int(second.removeprefix("from ")) >= step
    assert desk.read("checkpoints/spot/told") == b"told\n"
    assert desk.read("checkpoints/spot/step") == b"40\n"


def test_an_instance_that_is_lost_takes_along_what_was_not_copied(desk: Desk) -> None:
    script = COUNTER.replace("sleep 0.03", "sleep 0.05")
    desk.start("lost", script, **SPOT, **checkpoints("lost"))
    step = begun(desk, "lost")
    desk.local.service.interrupt("lost", grace_s=0)
    assert desk.finished("lost")["TrainingJobStatus"] == "Completed"
    second = [line for line in desk.log("lost").splitlines() if line.startswith("from")][1]
    assert int(second.removeprefix("from ")) >= step
    assert "checkpoints/lost/told" not in desk.keys("checkpoints/lost/")


def test_the_local_path_of_checkpoints(desk: Desk) -> None:
    config = {"S3Uri": "s3://my-team/elsewhere/", "LocalPath": "/opt/ml/my/checkpoints"}
    script = (
        'mkdir -p "$MRLC_ML_ROOT/my/checkpoints/1" && echo x > "$MRLC_ML_ROOT/my/checkpoints/1/w"'
    )
    desk.start("path", script, CheckpointConfig=config)
    assert desk.finished("path")["TrainingJobStatus"] == "Completed"
    assert desk.keys("elsewhere/") == ["elsewhere/1/w"]


def test_another_job_is_retried_as_often_as_it_asks(desk: Desk) -> None:
    script = "echo ready; sleep 100"
    desk.start("retried", script, RetryStrategy={"MaximumRetryAttempts": 1})
    for count in (1, 2):
        desk.until("retried", lambda _, n=count: desk.log("retried").count("ready") == n)
        desk.local.service.interrupt("retried", grace_s=0)
    found = desk.finished("retried")
    assert found["FailureReason"].startswith("InternalServerError")
    assert desk.statuses("retried").count("Restarting") == 1


def test_a_stop_outdoes_an_interruption(desk: Desk) -> None:
    script = 'trap "sleep 0.5; exit 0" TERM; echo ready; while :; do sleep 0.05; done'
    desk.start("both", script, **SPOT)
    desk.until_log("both", "ready")
    desk.local.service.interrupt("both")
    desk.sagemaker.stop_training_job(TrainingJobName="both")
    assert desk.finished("both")["TrainingJobStatus"] == "Stopped"


def post(desk: Desk, name: str, **body: object) -> dict[str, Any]:
    request = Request(f"{desk.local.door.url}/local/{name}", json.dumps(body).encode())
    with urlopen(request) as reply:
        found: dict[str, Any] = json.load(reply)
    return found


def test_interrupted_over_http(desk: Desk) -> None:
    desk.start("http", "echo ready; sleep 0.7", **SPOT)
    desk.until_log("http", "ready")
    assert post(desk, "interrupt", TrainingJobName="http", GraceInSeconds=1) == {}
    assert desk.finished("http")["TrainingJobStatus"] == "Completed"
    assert "Interrupted" in desk.statuses("http")


@pytest.mark.parametrize("count", [1, 2])
def test_throttling_is_retried_by_boto3(desk: Desk, count: int) -> None:
    post(desk, "throttle", Count=count)
    assert desk.sagemaker.list_training_jobs()["ResponseMetadata"]["RetryAttempts"] == count
