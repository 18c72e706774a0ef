"""Lost episodes: counted by cause, and too many of them end the run with nothing lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mrlc.runtime.accounts import Planned, accounts
from mrlc.runtime.metrics import ScoredEpisode
from mrlc.runtime.record import RunFolder, open_run
from mrlc.runtime.reward import RewardScore
from mrlc.runtime.rollout.trajectory import StopCause, Trajectory
from mrlc.runtime.run import execute
from mrlc.runtime.setup import load_plan, prepare
from mrlc.runtime.task import Task
from mrlc.runtime.train.losses import StepLost, loss_metrics, too_many
from mrlc.runtime.train.stock import environment_class

from .conftest import Bench, Quiet, forced_turns, trajectories, weights

TASK = Task("1", "train", {})


def broken(detail: str) -> ScoredEpisode:
    stop = StopCause.ENVIRONMENT_ERROR
    return ScoredEpisode(Trajectory(TASK, 0, (), (), stop, detail=detail), None)


PAID = ScoredEpisode(Trajectory(TASK, 0, (), (), StopCause.ANSWERED), RewardScore(1.0, {}))
UNJUDGED = ScoredEpisode(Trajectory(TASK, 0, (), (), StopCause.ANSWERED), None)


def test_shares_are_of_the_step_s_episodes_and_by_who_failed() -> None:
    episodes = [PAID] * 5 + [broken("f: OSError"), broken("f: took longer than 5 s"), UNJUDGED]
    found = loss_metrics(episodes, [broken("user: gone")] * 2)
    assert found == {
        "rollout/started": 10.0,
        "rollout/replaced": 2 / 8,
        "rollout/lost": 3 / 8,
        "rollout/replaced/user": 2 / 8,
        "rollout/lost/f": 2 / 8,
        "rollout/lost/judge": 1 / 8,
    }


def test_too_many_are_told_by_cause() -> None:
    episodes = [PAID, *[broken("f: OSError")] * 2, *[broken(f"g: {i}") for i in range(3)]]
    assert too_many(episodes, max_lost=5 / 6, step=7, run=Path("runs/x")) is None
    end = too_many(episodes, max_lost=0.5, step=7, run=Path("runs/x"))
    assert end is not None
    assert end.path == "rollout.max_lost"
    assert end.message == (
        "step 7 lost 5 of 6 episodes, more than 50%: 2 by f: OSError, 1 by g: 0, 1 by g: 1, "
        "1 by others"
    )
    assert end.help is not None
    assert end.help.endswith("mrlc run --resume runs/x")


def rows(run: RunFolder, log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.path / log).open(encoding="utf-8")]


CRASHES = """\
import os
def find(bike, episode):
    if os.path.exists(os.environ["DOWN"]):
        raise ConnectionError
    return {"job": "J1", "days": 3}
"""


def _with_tool(bench: Bench) -> None:
    replay = """replay:
        table: bikes.csv
        match: {bike: number}
        returns: [job, days]
        types: {days: integer}"""
    bench.project.write("specs/tools.py", CRASHES)
    bench.project.edit("specs/desk.yaml", replay, "python: tools.py:find")


def test_a_tool_that_is_down_stops_the_run_which_goes_on_to_the_same_bytes(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_tool(bench)
    down = tmp_path / "down"
    monkeypatch.setenv("DOWN", str(down))
    setup, whole = bench.prepare("algorithm.checkpoint_every=100", "turns.max_tokens=64")
    forced_turns(setup, monkeypatch)
    execute(setup, whole, Quiet())

    def fail_from(phase: str, step: int) -> None:
        if (phase, step) == ("training", 2):
            down.touch()

    setup, run = bench.prepare("algorithm.checkpoint_every=100", "turns.max_tokens=64")
    forced_turns(setup, monkeypatch)
    with pytest.raises(StepLost, match=r"step 3 lost \d of 8 episodes, more than 50%: \d by find_bike: ConnectionError at tools.py:4"):  # fmt: skip
        execute(setup, run, Quiet(fail_from))
    assert any(row["stop"] == "environment_error" for row in rows(run, "trajectories.jsonl"))
    down.unlink()
    setup = prepare(load_plan(run.plan), run.plan, seed=run.seed())
    forced_turns(setup, monkeypatch)
    again = open_run(run.path)
    seen: list[int] = []
    execute(setup, again, Quiet(lambda phase, step: seen.append(step)))
    assert min(step for step in seen if step) >= 3  # the first two steps were kept
    assert trajectories(again) == trajectories(whole)
    assert weights(again) == weights(whole)


def test_the_books_of_a_run_with_chaos_balance(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mrlc.runtime.record import create_run

    folder = bench.plan("turns.tool_timeout_s=0.05", "turns.max_tokens=64", "rollout.max_lost=1")
    plan = load_plan(folder)
    setup = prepare(plan, folder, seed=5, chaos=0.4)
    forced_turns(setup, monkeypatch)
    run = create_run(bench.runs, folder, plan, seed=5, chaos=0.4)
    verdict = execute(setup, run, Quiet())
    assert verdict.as_json()["chaos"] == 0.4
    assert run.path.name.endswith("-chaos0.4")
    assert open_run(run.path).chaos() == 0.4
    assert all(one["chaos"] == 0.4 for one in run.results().values())
    books = json.loads(run.accounts.read_text())
    assert all(one["balances"] for one in books.values())
    train = books["train"]
    assert sum(train["replaced"].values()) > 0
    played = [row for row in rows(run, "trajectories.jsonl") if row["phase"] == "train"]
    assert train["started"] == len(played) > 4 * 8
    marked = [row for row in played if row.get("replaced")]
    assert len(marked) == sum(train["replaced"].values())
    assert all(row["reward"] is None and row["detail"] for row in marked)


def test_a_row_that_is_lost_shows(bench: Bench) -> None:
    run = bench.run()
    planned = Planned(1, samples=2, validated=1)
    books = accounts(run, planned)
    assert all(one.balances for one in books.values())
    counts = {phase: one.started for phase, one in books.items() if phase != "train"}
    samples = {"base_samples": 2, "trained_samples": 2}
    assert counts == {"base": 1, "trained": 1, "validation": 1, **samples}
    log = run.path / "trajectories.jsonl"
    log.write_text("".join(line for line in log.open() if '"phase": "train"' not in line))
    assert not accounts(run, planned)["train"].balances
    run.tallies.write_text("")
    wrong = {phase for phase, one in accounts(run, planned).items() if not one.balances}
    assert wrong == {"train", "validation", *samples}


def test_an_episode_that_cannot_be_opened_breaks_alone_in_the_stock_engine(bench: Bench) -> None:
    folder = bench.plan("algorithm.engine=stock")
    setup = prepare(load_plan(folder), folder, seed=5, chaos=1.0)
    found = set()
    for seed in range(40):
        environment = environment_class(replace(setup, seed=seed))()
        environment.reset(0)
        found.add(environment._broken)
        if environment._broken:
            assert environment.find_bike(bike="1") == "error"
            assert environment._broken == "environment: InjectedCrash"  # the first cause counts
            assert environment._final() == {}
        environment.loop.run_until_complete(environment._stack.aclose())
        environment.loop.close()
    assert found == {"", "environment: InjectedCrash"}
