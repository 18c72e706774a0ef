"""Alerts in a real training: recorded, ended, rolled back, and resumed to the same firings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mrlc.runtime.accounts import AHEAD, NOT_NEEDED
from mrlc.runtime.accounts import kept as books
from mrlc.runtime.alerts.ending import kept
from mrlc.runtime.record import RunFolder
from mrlc.runtime.run import execute
from tests.runtime.train.conftest import Bench, Interrupted, Quiet, weights


def rule(then: str, **more: Any) -> str:
    """A rule that fires at step 3 of the test project, whose episodes never complete."""
    about = {"name": "never-done", "metric": "rollout/completion", "below": 0.5, "for_steps": 3}
    fields = ", ".join(f"{key}: {value}" for key, value in (about | more).items())
    return f"alerts={{use: [], rules: [{{{fields}, then: [{then}]}}]}}"


def firings(run: RunFolder) -> list[dict[str, Any]]:
    lines = (run.path / "alerts.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def tensors(folder: Path) -> dict[str, list[Any]]:
    from safetensors.torch import load_file

    return {name: one.tolist() for name, one in load_file(folder / "model.safetensors").items()}


def killed_before_it_saved(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, *changes: str
) -> RunFolder:
    def kill(*_: Any, **__: Any) -> None:
        raise Interrupted

    setup, run = bench.prepare(*changes)
    with monkeypatch.context() as patched:
        patched.setattr("mrlc.runtime.run.save", kill)
        with pytest.raises(Interrupted):
            execute(setup, run, Quiet())
    return run


def steps(run: RunFolder) -> list[int]:
    lines = (run.path / "metrics.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["step"] for line in lines]


def test_a_warning_is_recorded_and_changes_nothing(bench: Bench) -> None:
    alone, warned = bench.run("alerts.use=[]"), bench.run(rule("warn"))
    (fired,) = firings(warned)
    assert (fired["rule"], fired["step"], fired["actions"]) == ("never-done", 3, ["warn"])
    assert fired["evidence"]["since"] == 1
    assert weights(warned) == weights(alone)
    assert firings(alone) == []


def test_a_stop_ends_the_training_with_a_checkpoint_and_a_verdict(bench: Bench) -> None:
    setup, run = bench.prepare(rule("stop"), "algorithm.checkpoint_every=4")
    verdict = execute(setup, run, Quiet())
    assert steps(run) == [1, 2, 3]
    assert verdict.steps == 3
    assert verdict.ending is not None
    assert verdict.ending.says == "stopped by alert never-done at step 3"
    assert verdict.as_json()["stopped"]["rule"] == "never-done"
    assert (run.checkpoints / "checkpoint-3" / "complete.json").is_file()
    assert set(run.results()) == {"base", "trained"}


@pytest.mark.parametrize("then", ["stop", "roll_back"])
def test_what_was_played_ahead_of_the_end_is_in_the_books(bench: Bench, then: str) -> None:
    setup, run = bench.prepare(
        rule(then), "algorithm.checkpoint_every=4", "algorithm.max_steps_off_policy=1"
    )
    execute(setup, run, Quiet())
    assert steps(run) == [1, 2, 3]
    section = setup.experiment.algorithm
    a_step = section.prompts_per_step * section.group_size
    found = books(run)[AHEAD]
    assert found.balances
    assert (found.started, found.unscorable) == (a_step, {NOT_NEEDED: a_step})


@pytest.mark.parametrize("then", ["stop", "roll_back"])
def test_a_run_killed_after_its_end_enters_what_was_ahead_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    changes = (rule(then), "algorithm.checkpoint_every=4", "algorithm.max_steps_off_policy=1")
    undisturbed = bench.run(*changes)
    run = killed_before_it_saved(bench, monkeypatch, *changes)
    assert AHEAD in run.tallies.read_text("utf-8")
    bench.resume(run.path)
    assert run.tallies.read_bytes() == undisturbed.tallies.read_bytes()


def test_a_roll_back_ends_with_the_weights_of_before(bench: Bench) -> None:
    """It holds from step 3 on: the checkpoint of step 2 is the last from before."""
    back = rule("roll_back", metric="train/learning_rate", below=0.006, for_steps=2)
    rolled = bench.run(back)
    ending = kept(rolled)
    assert ending is not None
    assert (ending.since, ending.step, ending.model_step) == (3, 4, 2)
    assert "rolled back to the checkpoint of step 2" in ending.says
    good, last = (rolled.checkpoints / f"checkpoint-{step}" for step in (2, 4))
    assert tensors(rolled.model) == tensors(good) != tensors(last)
    (fired,) = firings(rolled)
    assert fired["step"] == 4


def test_a_roll_back_without_a_good_checkpoint_ends_with_the_base(bench: Bench) -> None:
    run = bench.run(rule("roll_back"))
    ending = kept(run)
    assert ending is not None
    assert ending.model_step == 0
    assert weights(run) == (run.base / "model.safetensors").read_bytes()


def test_a_resumed_run_fires_as_one_left_alone(bench: Bench) -> None:
    undisturbed = bench.run(rule("stop"))
    run = bench.interrupted(rule("stop"))
    bench.resume(run.path)
    assert firings(run) == firings(undisturbed)
    assert weights(run) == weights(undisturbed)
    assert kept(run) == kept(undisturbed)


def test_a_run_killed_after_a_rule_ended_it_does_not_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = killed_before_it_saved(bench, monkeypatch, rule("stop"))
    bench.resume(run.path)
    assert steps(run) == [1, 2, 3]
    assert len(firings(run)) == 1
