"""A compiled job, as it would go to the service: it trains, and survives what happens to it."""

from __future__ import annotations

import io
import json
import re
import tarfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job
from tests.channels import objects

if TYPE_CHECKING:
    from .conftest import Desk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_spec("mrlc.runtime.launch") is None, reason="there is no launcher"),
]
SPOT = {
    "spot": "true",
    "max_runtime_s": "600",
    "max_wait_s": "1200",
    "checkpoints": "s3://my-team/checkpoints",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("job").resolve()
    # Nobody is right by chance here, so the example's reward moves nothing and any two runs would
    # end in the same weights. This one differs within every group.
    reward = "def polite(trajectory):\n    return sum(trajectory.turns[0].ids) % 101 / 101\n"
    edits = [
        job(**SPOT),
        Edit("turns: {human: 2}", "turns: {human: 2, max_tokens: 12}"),
        Edit("algorithm: {steps: 2,", "algorithm: {learning_rate: 1.0e-3, steps: 8,"),
    ]
    spec = write(folder / "project", edits)
    (reward_file,) = (folder / "project").rglob("rewards.py")
    reward_file.write_text(reward, encoding="utf-8")
    return write_plan(compile_spec(spec), folder / "build")


def sent(desk: Desk, built: Path, name: str) -> str:
    """Send a job as it was compiled, but for its name and its place for checkpoints."""
    request = json.loads((built / "estimator.json").read_bytes())
    request["TrainingJobName"] = name
    request["CheckpointConfig"]["S3Uri"] = f"s3://my-team/checkpoints/{name}"
    for file, uri in objects(built):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        desk.s3.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
    desk.sagemaker.create_training_job(**request)
    return name


def model(desk: Desk, found: dict[str, Any]) -> dict[str, bytes]:
    """The files of a finished job's model."""
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    key = found["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://my-team/")
    with tarfile.open(fileobj=io.BytesIO(desk.read(key))) as archive:
        files = [member for member in archive.getmembers() if member.isfile()]
        return {one.name: archive.extractfile(one).read() for one in files}  # type: ignore[union-attr]


def weights(files: dict[str, bytes]) -> dict[str, bytes]:
    found = {name: content for name, content in files.items() if name.endswith(".safetensors")}
    assert found
    return found


def test_a_job_trains_and_goes_on_after_interruptions(desk: Desk, built: Path) -> None:
    plain = sent(desk, built, "plain")
    found = desk.until(plain, lambda one: one["TrainingJobStatus"] != "InProgress", within_s=240)
    left_alone = model(desk, found)
    assert any(name.endswith("evaluation.json") for name in left_alone)
    metrics = {one["MetricName"]: one["Value"] for one in found["FinalMetricDataList"]}
    assert metrics["step"] == 8
    assert metrics["train/grad_norm"] > 0
    (base,) = (
        key for key in desk.keys("checkpoints/plain/") if key.endswith("base/model.safetensors")
    )
    assert desk.read(base) not in weights(left_alone).values()
    disturbed = sent(desk, built, "disturbed")
    done = 0
    for attempt, grace_s in ((1, None), (2, 0.0)):
        desk.until(
            disturbed,
            lambda one, n=done: (
                one["SecondaryStatus"] == "Training" and steps(desk.log(disturbed)) > n
            ),
            within_s=240,
        )
        desk.local.service.interrupt(disturbed, grace_s=grace_s)
        done = steps(desk.log(disturbed))
        desk.until(
            disturbed,
            lambda _, n=attempt: desk.statuses(disturbed).count("Interrupted") == n,
            within_s=60,
        )
    found = desk.until(
        disturbed, lambda one: one["TrainingJobStatus"] != "InProgress", within_s=240
    )
    assert weights(model(desk, found)) == weights(left_alone)


def steps(log: str) -> int:
    """The last step that a log tells of."""
    found = re.findall(r"^mrlc step=(\d+) ", log, re.MULTILINE)
    return int(found[-1]) if found else 0
