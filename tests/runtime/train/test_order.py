"""The order of the tasks: TRL's own, and the same wherever one begins to read it."""

from __future__ import annotations

import json
import shutil
from itertools import islice

import pytest

from mrlc.runtime.run import execute
from mrlc.runtime.train.order import setup_order, task_order
from tests.runtime.train.conftest import Bench, Quiet, trajectories, weights


@pytest.mark.parametrize(("tasks", "a_step", "steps"), [(2, 1, 7), (7, 3, 5), (4, 4, 3), (9, 2, 1)])
def test_it_is_trls(tasks: int, a_step: int, steps: int) -> None:
    from trl.trainer.utils import RepeatSampler

    sampler = RepeatSampler(range(tasks), 1, a_step, seed=11)
    epochs = (place for _ in range(steps) for place in sampler)
    expected = list(islice(epochs, steps * a_step))
    assert task_order(tasks, a_step=a_step, steps=steps, seed=11) == expected


@pytest.mark.parametrize("engine", ["mrlc", "stock"])
def test_a_run_resumed_in_a_later_epoch_plays_the_same_tasks(bench: Bench, engine: str) -> None:
    """Six epochs of one step each; the last is played again."""
    chosen = (f"algorithm.engine={engine}", "algorithm.steps=6")
    setup, run = bench.prepare(*chosen)
    order = setup_order(setup)
    assert order[-2:] != order[:2], "or else the first epoch's order would do"
    execute(setup, run, Quiet())
    trained, played = weights(run), trajectories(run)
    shutil.rmtree(run.model)
    shutil.rmtree(run.checkpoints / "checkpoint-6")
    run.evaluation.write_text(json.dumps({"base": run.results()["base"]}))
    bench.resume(run.path)
    assert weights(run) == trained
    assert trajectories(run) == played
