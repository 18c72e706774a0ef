"""`mrlc submit --local`: a job that really runs, with nothing of AWS about."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mrlc.cli import main
from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job
from tests.waivers import WAIVED

FAILS = "def polite(trajectory):\n    raise ValueError('no')\n"
SPOT = {"spot": "true", "max_wait_s": "86400", "checkpoints": "s3://my-checkpoints/here"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def built(root: Path, *edits: Edit, rewards: str | None = None) -> Path:
    short = [
        Edit("turns: {human: 2}", "turns: {human: 2, max_tokens: 12}"),
        Edit("algorithm: {steps: 2,", "algorithm: {steps: 1,"),
    ]
    spec = write(root / "project", [job(**SPOT), *short, *edits])
    if rewards is not None:
        (root / "project/specs/rewards.py").write_text(rewards)
    return write_plan(compile_spec(spec, overrides=[WAIVED]), root / "build")


def aws() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A machine whose AWS set-up leads nowhere; it is the same afterwards."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    return aws()


def test_it_trains_and_leaves_its_model(
    tmp_path: Path, nobody: dict[str, str], capsys: Any
) -> None:
    folder = built(tmp_path.resolve())
    runs = tmp_path / "runs"
    assert main(["submit", str(folder), "--local", "--runs", str(runs)]) == 0
    output = capsys.readouterr()
    name = json.loads((folder / "manifest.json").read_bytes())["job"]
    kept = runs / "local" / name
    assert (kept / "model/model.safetensors").is_file()
    assert (kept / "output/metrics.jsonl").is_file()
    assert "mrlc step=1 " in output.out
    assert f"{name}: Completed" in output.err
    assert "source uploaded" in output.err
    assert not list(runs.glob("*/job.json")), "the service that knew it is gone"
    assert aws() == nobody


def test_a_job_that_fails_says_where(tmp_path: Path, nobody: dict[str, str], capsys: Any) -> None:
    folder = built(tmp_path.resolve(), rewards=FAILS)
    assert main(["submit", str(folder), "--local", "--runs", str(tmp_path / "runs")]) == 1
    assert ": Failed, AlgorithmError: specs/desk.yaml:" in capsys.readouterr().err
