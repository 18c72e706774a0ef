"""The base model is worked out once: a run that finds it ends in the same bytes."""

from __future__ import annotations

from mrlc.runtime.base import base_key, kept_base
from mrlc.runtime.run import execute
from tests.runtime.train.conftest import Bench, Quiet, trajectories, weights


def test_a_run_with_a_kept_base_ends_in_the_same_bytes(bench: Bench) -> None:
    alone = bench.run()
    setup, _ = bench.prepare()
    kept_base(setup, bench.runs, Quiet())
    phases = list[str]()
    setup, run = bench.prepare()
    execute(setup, run, Quiet(lambda phase, step: phases.append(phase)))
    assert "warm start" not in phases
    assert weights(run) == weights(alone)
    assert trajectories(run) == trajectories(alone)
    assert (run.path / "metrics.jsonl").exists()


def test_the_key_is_of_what_shapes_the_weights(bench: Bench) -> None:
    keys = [
        base_key(bench.prepare(*overrides, seed=seed)[0])
        for overrides, seed in [((), 5), ((), 6), (("warm_start.steps=4",), 5)]
    ]
    assert len(set(keys)) == 3
    assert (
        base_key(bench.prepare("algorithm.steps=9", "reward.components.1.weight=0.05")[0])
        == keys[0]
    )
