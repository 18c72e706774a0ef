"""Whole runs: the same seed gives the same bytes, interrupted or not, and books that balance."""

from __future__ import annotations

import json

import pytest

from mrlc.runtime.run import execute
from tests.runtime.train.conftest import Bench, Quiet, forced_turns, trajectories, weights

EPISODES_A_STEP = 8
BREAKS_ON_9 = """\
def find(bike):
    if bike == "9":
        raise ConnectionError("no server")
    return {"job": "J1", "days": 3}
"""


def test_a_run_leaves_what_it_promises(bench: Bench) -> None:
    run = bench.run()
    rows = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert {"rollout/reward/mean", "rollout/completion", "train/loss", "train/entropy"} <= set(
        rows[0]
    )
    assert "eval/score/mean" in rows[1]
    assert "eval/score/mean" not in rows[0]
    phases = [json.loads(line)["phase"] for line in trajectories(run).decode().splitlines()]
    assert phases == ["base"] + ["train"] * 4 * EPISODES_A_STEP + ["trained"]
    evaluation = json.loads(run.evaluation.read_text())
    assert set(evaluation) == {"base", "trained"}
    assert set(evaluation["trained"]["pass_at"]) == {"1", "2"}


def test_equal_seeds_give_equal_bytes_and_different_ones_differ(bench: Bench) -> None:
    first, again, other = bench.run(), bench.run(), bench.run(seed=6)
    assert first.path != again.path
    assert trajectories(first) == trajectories(again)
    assert weights(first) == weights(again)
    assert weights(first) != weights(other)


@pytest.mark.parametrize(
    "at", [("warm start", 2), ("training", 1), ("training", 3)], ids=lambda at: f"{at[0]}-{at[1]}"
)
def test_an_interrupted_run_resumes_to_the_same_bytes(bench: Bench, at: tuple[str, int]) -> None:
    undisturbed = bench.run()
    run = bench.interrupted(at=at)
    assert not run.model.exists()
    bench.resume(run.path)
    assert weights(run) == weights(undisturbed)
    assert trajectories(run) == trajectories(undisturbed)
    for log in ("tallies.jsonl", "accounts.json"):
        assert (run.path / log).read_bytes() == (undisturbed.path / log).read_bytes(), log
    assert all(one["balances"] for one in json.loads(run.accounts.read_text()).values())
    assert run.evaluation.read_bytes() == undisturbed.evaluation.read_bytes()


def test_a_finished_run_resumes_to_itself(bench: Bench) -> None:
    run = bench.run()
    before = {file: file.read_bytes() for file in run.path.rglob("*.json*")}
    bench.resume(run.path)
    assert {file: file.read_bytes() for file in run.path.rglob("*.json*")} == before


def test_lora_trains_an_adapter_and_saves_a_whole_model(bench: Bench) -> None:
    run = bench.run("model.lora={rank: 4, alpha: 8}")
    assert weights(run) != (run.base / "model.safetensors").read_bytes()
    assert (run.model / "config.json").exists()
    assert not (run.model / "adapter_config.json").exists()


def test_no_training_step_evaluates_the_warm_start_alone(bench: Bench) -> None:
    run = bench.run("algorithm.steps=0")
    assert weights(run) == (run.base / "model.safetensors").read_bytes()


def test_the_stock_engine_trains_the_same_plan(bench: Bench) -> None:
    run = bench.run("algorithm.engine=stock")
    rows = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert rows[0]["rollout/tokens/response_mean"] > 0
    assert weights(run) != (run.base / "model.safetensors").read_bytes()


def test_a_micro_batch_changes_memory_and_not_the_episodes(bench: Bench) -> None:
    run = bench.run("algorithm.micro_batch=2", "algorithm.steps=1")
    whole = bench.run("algorithm.steps=1")
    assert trajectories(run).splitlines()[:9] == trajectories(whole).splitlines()[:9]


def test_the_books_balance_when_a_tool_breaks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the scripts a quarter never calls and a half breaks; the rest has a reward."""
    replay = """replay:
        table: bikes.csv
        match: {bike: number}
        returns: [job, days]
        types: {days: integer}"""
    bench.project.edit("specs/desk.yaml", replay, "python: tools.py:find")
    bench.project.write("specs/tools.py", BREAKS_ON_9)
    setup, run = bench.prepare("turns.max_tokens=128", "rollout.replacements=0")
    forced_turns(setup, monkeypatch)
    execute(setup, run, Quiet())
    rows = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    assert [row["rollout/env_error"] for row in rows] == [0.5] * 4
    episodes = [json.loads(line) for line in trajectories(run).decode().splitlines()]
    train = [e for e in episodes if e["phase"] == "train"]
    assert len(train) == 4 * EPISODES_A_STEP
    assert all((e["reward"] is None) == (e["stop"] == "environment_error") for e in train)
    assert {e["detail"] for e in train if e["reward"] is None} == {
        "find_bike: ConnectionError at tools.py:3"
    }
