"""A run killed with SIGKILL, again and again, ends in the same bytes as one left alone."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mrlc.compiler import compile_spec, write_plan
from tests.children import environment
from tests.waivers import WAIVED

QUICKSTART = Path(__file__).parents[2] / "specs" / "quickstart.yaml"
SHORT = (
    WAIVED,
    "warm_start.steps=60",
    "warm_start.checkpoint_every=7",
    "algorithm.steps=6",
    "algorithm.checkpoint_every=1",
    "evaluation.pass_at=[1]",
    "evaluation.every_steps=2",
)
KILLS = 6
START_S = 9
"""About how long a process takes before its first step; kills fall after that too."""


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "mrlc", "run", *map(str, arguments), "--json"]


def finish(*arguments: str | Path) -> Path:
    done = subprocess.run(
        command(*arguments), env=environment(), capture_output=True, text=True, check=True
    )
    return Path(json.loads(done.stdout.splitlines()[-1])["run"])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_at_any_step_and_resumed(tmp_path: Path) -> None:
    plan = write_plan(compile_spec(QUICKSTART, overrides=SHORT), tmp_path / "build")
    alone = finish(plan, "--seed", "4", "--runs", tmp_path / "alone")
    runs = tmp_path / "killed"
    moments = random.Random(4)
    arguments: list[str | Path] = [plan, "--seed", "4", "--runs", runs]
    for _ in range(KILLS):
        process = subprocess.Popen(
            command(*arguments),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(START_S + moments.uniform(0, 12))
        process.send_signal(signal.SIGKILL)
        process.wait()
        started = [path for path in runs.glob("*") if (path / "run.json").exists()]
        if started:
            arguments = ["--resume", started[0]]
    killed = finish(*arguments)
    for name in (
        "model/model.safetensors",
        "trajectories.jsonl",
        "tallies.jsonl",
        "accounts.json",
        "evaluation.json",
    ):
        assert (killed / name).read_bytes() == (alone / name).read_bytes(), name
