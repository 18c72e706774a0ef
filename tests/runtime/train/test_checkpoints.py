"""Which checkpoints are gone on from, and that the last one is the end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mrlc.runtime.run import execute
from mrlc.runtime.setup import load_plan, prepare
from mrlc.runtime.train.checkpoints import newest_checkpoint
from tests.runtime.train.conftest import Bench, Quiet, trajectories, weights

LOG = 10


def checkpoint(run: Path, step: int) -> Path:
    folder = run / "checkpoints" / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"x" * 8)
    marker = {"step": step, "logs": {"metrics.jsonl": LOG}, "files": {"weights": 8}}
    (folder / "complete.json").write_text(json.dumps(marker))
    (run / "metrics.jsonl").write_bytes(b"x" * LOG)
    return folder


def test_the_newest_by_number(tmp_path: Path) -> None:
    checkpoint(tmp_path, 9)
    assert newest_checkpoint(checkpoint(tmp_path, 10).parent) == tmp_path / "checkpoints" / (
        "checkpoint-10"
    )


@pytest.mark.parametrize(
    "lost", ["complete.json", "weights", "half of the weights", "half of the log"]
)
def test_a_copy_that_is_not_whole_is_no_checkpoint(tmp_path: Path, lost: str) -> None:
    """As when a job ended while its files were still being copied to S3."""
    folder = checkpoint(tmp_path, 3)
    match lost:
        case "half of the weights":
            (folder / "weights").write_bytes(b"x" * 4)
        case "half of the log":
            (tmp_path / "metrics.jsonl").write_bytes(b"x" * (LOG // 2))
        case name:
            (folder / name).unlink()
    assert newest_checkpoint(folder.parent) is None
    assert not folder.exists()


def test_a_run_killed_after_its_last_step_takes_no_step_more(bench: Bench) -> None:
    """Three steps of one task each end in the middle of the second epoch of two tasks."""
    run = bench.run("algorithm.prompts_per_step=1", "algorithm.steps=3")
    trained, played = weights(run), trajectories(run)
    shutil.rmtree(run.model)
    run.evaluation.write_text(json.dumps({"base": run.results()["base"]}))
    steps: list[int] = []
    setup = prepare(load_plan(run.plan), run.plan, seed=run.seed())
    execute(setup, run, Quiet(lambda phase, step: steps.append(step)))
    assert steps == []
    assert weights(run) == trained
    assert trajectories(run) == played
