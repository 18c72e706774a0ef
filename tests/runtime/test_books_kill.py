"""A run with chaos, killed with SIGKILL just after each evaluation, has the books of one left alone."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mrlc.compiler import compile_spec, write_plan
from tests.children import environment
from tests.conftest import Project
from tests.runtime.test_kill import command, finish
from tests.waivers import WAIVED

SHORT = (
    WAIVED,
    "model.tiny={hidden_size: 32, heads: 2, layers: 1}",
    "warm_start.steps=1",
    "algorithm.steps=4",
    "algorithm.checkpoint_every=3",  # so that what was tallied since is taken back
    "evaluation.every_steps=1",
    "evaluation.pass_at=[1, 4]",
    "turns.max_tokens=4",
    "target.local.threads=1",
)


def lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_after_each_tally_and_resumed(project: Project, tmp_path: Path) -> None:
    plan = write_plan(compile_spec(project.spec, overrides=SHORT), tmp_path / "build")
    start: list[str | Path] = [plan, "--seed", "4", "--chaos", "0.5", "--runs"]
    alone = finish(*start, tmp_path / "alone")
    tallies = lines(alone / "tallies.jsonl")
    assert tallies == 1 + 3 + 1
    arguments = [*start, tmp_path / "killed"]
    for kill in range(1, tallies + 1):
        process = subprocess.Popen(
            command(*arguments),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None:
            run = next((tmp_path / "killed").glob("desk-*"), None)
            if run is not None and lines(run / "tallies.jsonl") >= kill:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.001)
        assert run is not None
        assert process.returncode == -signal.SIGKILL
        arguments = ["--resume", run]
    killed = finish(*arguments)
    for name in ("trajectories.jsonl", "tallies.jsonl", "accounts.json", "evaluation.json"):
        assert (killed / name).read_bytes() == (alone / name).read_bytes(), name
    books = json.loads((killed / "accounts.json").read_text())
    assert all(one["balances"] for one in books.values())
    assert {phase: one["started"] for phase, one in books.items() if phase != "train"} == {
        "base": 1,
        "base_samples": 4,
        "validation": 3,
        "trained": 1,
        "trained_samples": 4,
    }
