"""Jobs that really run, watched by boto3."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mrlc.runtime.sagemaker.local import host

if TYPE_CHECKING:
    from .conftest import Desk


def channel(name: str, uri: str, **source: str) -> dict[str, Any]:
    where = {"S3DataType": "S3Prefix", "S3Uri": uri, **source}
    return {"ChannelName": name, "DataSource": {"S3DataSource": where}}


def test_a_job_goes_through_the_statuses(desk: Desk) -> None:
    desk.s3.put_object(Bucket="my-team", Key="data/deep/a.txt", Body=b"seven")
    script = (
        'cd "$MRLC_ML_ROOT" && cat input/data/train/deep/a.txt > model/weights && '
        "echo good > output/data/report && echo the end"
    )
    arn = desk.start("life", script, InputDataConfig=[channel("train", "s3://my-team/data/")])
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:training-job/life"
    found = desk.finished("life")
    assert found["TrainingJobStatus"] == found["SecondaryStatus"] == "Completed"
    assert desk.statuses("life") == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    transitions = found["SecondaryStatusTransitions"]
    assert all(one["StatusMessage"] for one in transitions)
    for before, after in pairwise(transitions):
        assert before["EndTime"] == after["StartTime"]
    assert found["TrainingEndTime"] == transitions[-1]["EndTime"]
    assert found["BillableTimeInSeconds"] == found["TrainingTimeInSeconds"] == 1
    assert (
        found["ModelArtifacts"]["S3ModelArtifacts"] == "s3://my-team/out/life/output/model.tar.gz"
    )
    assert "FailureReason" not in found
    assert _member(desk.read("out/life/output/model.tar.gz"), "weights") == b"seven"
    assert _member(desk.read("out/life/output/output.tar.gz"), "report") == b"good\n"
    assert desk.log("life") == "the end"


def _member(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        content = opened.extractfile(name)
        assert content is not None
        return content.read()


def test_the_waiter_of_boto3_works(desk: Desk) -> None:
    desk.start("waited")
    waiter = desk.sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName="waited", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_the_environment_is_the_requests_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAK", "1")
    desk.start("env", "env", Environment={"MINE": "a b"})
    desk.finished("env")
    found = dict(line.split("=", 1) for line in desk.log("env").splitlines())
    assert found["MINE"] == "a b"
    assert found["TRAINING_JOB_NAME"] == "env"
    assert found["TRAINING_JOB_ARN"].endswith("/env")
    assert found["AWS_REGION"] == "us-east-1"
    assert "LEAK" not in found
    assert "PYTHONPATH" not in found


def test_the_files_of_config(desk: Desk) -> None:
    groups = [
        {"InstanceGroupName": "big", "InstanceType": "ml.p5.48xlarge", "InstanceCount": 1},
        {"InstanceGroupName": "small", "InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
    ]
    script = (
        "for f in resourceconfig hyperparameters inputdataconfig; do "
        'tr -d "\\n" < "$MRLC_ML_ROOT/input/config/$f.json"; echo; done'
    )
    desk.s3.put_object(Bucket="my-team", Key="config/x", Body=b"1")
    desk.start(
        "config",
        script,
        ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 10},
        HyperParameters={"version": "1.10"},
        InputDataConfig=[channel("train", "s3://my-team/config")],
    )
    desk.finished("config")
    resources, hyperparameters, inputs = (
        json.loads(line) for line in desk.log("config").splitlines()[:3]
    )
    assert resources["current_host"] == "algo-1"
    assert resources["current_instance_type"] == "ml.p5.48xlarge"
    assert resources["hosts"] == ["algo-1", "algo-2", "algo-3"]
    assert [one["hosts"] for one in resources["instance_groups"]] == [
        ["algo-1"],
        ["algo-2", "algo-3"],
    ]
    assert hyperparameters == {"version": "1.10"}
    assert inputs["train"]["TrainingInputMode"] == "File"


def test_several_hosts_and_shares_of_data(desk: Desk) -> None:
    for number in range(4):
        desk.s3.put_object(Bucket="my-team", Key=f"shards/{number}", Body=b"x")
    desk.start(
        "hosts",
        'ls "$MRLC_ML_ROOT/input/data/train" > "$MRLC_ML_ROOT/model/$(basename "$MRLC_ML_ROOT")"',
        ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1},
        InputDataConfig=[
            channel("train", "s3://my-team/shards/", S3DataDistributionType="ShardedByS3Key")
        ],
    )
    assert desk.finished("hosts")["TrainingJobStatus"] == "Completed"
    model = desk.read("out/hosts/output/model.tar.gz")
    assert _member(model, "algo-1").split() == [b"0", b"2"]
    assert _member(model, "algo-2").split() == [b"1", b"3"]


def test_a_failure_is_told_as_the_container_wrote_it(desk: Desk) -> None:
    script = (
        'echo half > "$MRLC_ML_ROOT/output/data/report"; echo m > "$MRLC_ML_ROOT/model/m"; '
        'yes "no such column" | head -c 5000 > "$MRLC_ML_ROOT/output/failure"; exit 3'
    )
    desk.start("fails", script)
    found = desk.finished("fails")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("AlgorithmError: no such column\nno such")
    assert found["FailureReason"].endswith(", exit code: 3")
    assert len(found["FailureReason"]) == 1024
    assert desk.keys("out/fails/") == ["out/fails/output/output.tar.gz"]


def test_a_host_that_dies_fails_the_job_and_ends_the_others(desk: Desk) -> None:
    two = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1}
    script = 'trap "echo told; exit 0" TERM; echo ready; while :; do sleep 0.05; done'
    desk.start("dies", script, ResourceConfig=two)
    desk.until("dies", lambda _: desk.log("dies").count("ready") == 2)
    os.kill(desk.local.service.processes("dies")["algo-2"], signal.SIGKILL)
    assert desk.finished("dies")["FailureReason"] == "AlgorithmError: algo-2: , exit code: 137"
    assert desk.log("dies").count("told") == 1


def test_no_such_command(desk: Desk) -> None:
    algorithm = {
        "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer:1",
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["/no/such"],
    }
    desk.start("command", AlgorithmSpecification=algorithm)
    assert "No such file" in desk.finished("command")["FailureReason"]


def test_stop_lets_the_container_finish(desk: Desk) -> None:
    script = (
        'trap "echo saved > $MRLC_ML_ROOT/model/m; exit 0" TERM; '
        "echo ready; while :; do sleep 0.05; done"
    )
    desk.start("stopped", script)
    desk.until_log("stopped", "ready")
    desk.sagemaker.stop_training_job(TrainingJobName="stopped")
    assert desk.describe("stopped")["TrainingJobStatus"] in ("Stopping", "Stopped")
    found = desk.finished("stopped")
    assert found["TrainingJobStatus"] == found["SecondaryStatus"] == "Stopped"
    assert desk.statuses("stopped")[-2:] == ["Stopping", "Stopped"]
    assert _member(desk.read("out/stopped/output/model.tar.gz"), "m") == b"saved\n"


def test_a_deaf_container_is_killed_after_the_grace_period(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.local.service, "grace_s", 0.3)
    desk.start("deaf", 'trap "" TERM; echo ready; while :; do sleep 0.05; done')
    desk.until_log("deaf", "ready")
    desk.sagemaker.stop_training_job(TrainingJobName="deaf")
    assert desk.finished("deaf")["TrainingJobStatus"] == "Stopped"


def test_time_runs_out(desk: Desk) -> None:
    desk.start("late", "sleep 100", StoppingCondition={"MaxRuntimeInSeconds": 1})
    found = desk.finished("late")
    assert (found["TrainingJobStatus"], found["SecondaryStatus"]) == (
        "Stopped",
        "MaxRuntimeExceeded",
    )


def test_nobody_outlives_the_first_process(desk: Desk) -> None:
    assert_nobody_is_left(desk, "orphans")


def test_one_who_is_overlooked_at_first_is_found(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process is whose program is just being replaced: for a moment it has no environment."""
    pids, calls = host._pids, iter(range(100_000))
    monkeypatch.setattr(host, "_pids", lambda: pids() if next(calls) > 2 else [])
    assert_nobody_is_left(desk, "overlooked")


def assert_nobody_is_left(desk: Desk, name: str) -> None:
    desk.start(name, "setsid sleep 300 & echo $!; exit 0")
    assert desk.finished(name)["TrainingJobStatus"] == "Completed"
    state = Path(f"/proc/{desk.log(name).strip()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_metrics_are_read_from_the_log(desk: Desk) -> None:
    algorithm = {
        "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer:1",
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["/bin/sh"],
        "ContainerArguments": [
            "-c",
            "for i in 1 2 3; do echo mrlc step=$i train/loss=-0.$i; done; echo train/loss=nine",
        ],
        "MetricDefinitions": [
            {"Name": "train/loss", "Regex": r"^mrlc .* train/loss=(-?[0-9.]+)(?:\s|$)"},
            {"Name": "never", "Regex": r"never=(\d)"},
        ],
    }
    desk.start("metrics", AlgorithmSpecification=algorithm)
    (metric,) = desk.finished("metrics")["FinalMetricDataList"]
    assert metric["MetricName"] == "train/loss"
    assert round(metric["Value"], 6) == -0.3
    series = desk.client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="train/loss",
        Dimensions=[{"Name": "TrainingJobName", "Value": "metrics"}],
        StartTime=metric["Timestamp"].timestamp() - 600,
        EndTime=metric["Timestamp"].timestamp() + 600,
        Period=3600,
        Statistics=["SampleCount", "Minimum"],
    )["Datapoints"]
    assert sum(one["SampleCount"] for one in series) == 3
    assert round(min(one["Minimum"] for one in series), 6) == -0.3
