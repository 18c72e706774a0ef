"""A whole training while a fifth of the tool calls hang, crash or lie; and many episodes at once."""

from __future__ import annotations

import gc
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.targets.metrics import every_metric
from mrlc.runtime.environment import pool
from mrlc.runtime.environment.back_ends import execute as sandboxes
from mrlc.runtime.gates.leaks import counted
from mrlc.runtime.progress import progress_for
from mrlc.runtime.record import RunFolder, create_run
from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.policies.scripted import ScriptedPolicy
from mrlc.runtime.run import Verdict, configure_torch, execute, quiet_libraries
from mrlc.runtime.setup import load_plan, prepare
from tests.conftest import Project

QUICKSTART = Path(__file__).parents[2] / "specs" / "quickstart.yaml"


def rows(run: Path, log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / log).open(encoding="utf-8")]


def train(folder: Path, chaos: float, *overrides: str) -> tuple[Verdict, RunFolder]:
    """A run of the quickstart, and nothing left in the pools that its tools may have."""
    compiled = compile_spec(QUICKSTART, overrides=("turns.tool_timeout_s=0.2", *overrides))
    plan_folder = write_plan(compiled, folder / "build")
    plan = load_plan(plan_folder)
    configure_torch(plan.experiment)
    setup = prepare(plan, plan_folder, seed=1, chaos=chaos)
    run = create_run(folder / "runs", plan_folder, plan, seed=1, chaos=chaos)
    with (folder / "log").open("w") as log:
        verdict = execute(setup, run, progress_for(log))
    pool.close()
    sandboxes.close()
    return verdict, run


@pytest.mark.slow
@pytest.mark.timeout(900)  # 200 s of CPU, on a machine that others use too
def test_quickstart_learns_with_chaos_and_its_books_balance(tmp_path: Path) -> None:
    quiet_libraries()
    for folder in (tmp_path / "first", tmp_path / "whole"):
        folder.mkdir()
    # What torch and its friends keep for good is there once a run has been; from then on nothing.
    train(tmp_path / "first", 0.2, "warm_start.steps=1", "algorithm.steps=1")
    with counted() as leaks:
        verdict, run = train(tmp_path / "whole", 0.2)
    assert leaks.found == {}  # no process, thread, descriptor or temporary file
    base, trained = verdict.base["success"], verdict.trained["success"]
    assert trained > base + 0.6, (base, trained)
    books = json.loads(run.accounts.read_text())
    assert all(phase["balances"] for phase in books.values())
    played = Counter(row["phase"] for row in rows(run.path, "trajectories.jsonl"))
    for row in rows(run.path, "tallies.jsonl"):
        played[row["phase"]] += row["scored"] + sum(row["unscorable"].values())
    assert played == {phase: one["started"] for phase, one in books.items()}
    train_books = books["train"]
    assert train_books["scored"] + sum(train_books["unscorable"].values()) == 30 * 16 * 8
    assert sum(train_books["replaced"].values()) > 30 * 16  # one in eight, at the least
    metrics = {name for row in rows(run.path, "metrics.jsonl") for name in row}
    known = every_metric(load_plan(run.plan).experiment)
    assert {name for name in metrics if name.startswith("rollout/")} <= set(known)


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_memory_stays_flat_over_two_thousand_episodes_at_256(
    project: Project, tokenizer: Any
) -> None:
    """The tiny desk with a database, a folder's worth of chaos, and a script for a policy."""
    from mrlc.runtime.environment import Environment
    from mrlc.runtime.rollout.engine import Engine
    from tests.runtime.rollout.test_engine import FIND, RIGHT, Desk

    desk = Desk(project, tokenizer)
    spec = desk.experiment
    turns = spec.turns.model_copy(update={"tool_timeout_s": 0.05})
    spec = spec.model_copy(update={"turns": turns})
    environment = Environment.load(spec, desk.inputs, chaos=0.2)
    engine = Engine(environment, desk.chat, desk.engine.answers, turns, spec.rollout)
    script = [desk.turn(FIND), desk.turn(RIGHT)]

    def play(first: int, count: int) -> None:
        policy = ScriptedPolicy([script], end_id=desk.chat.end_id)
        requests = [EpisodeRequest(desk.tasks[0], i, first + i) for i in range(count)]
        assert len(engine.run(policy, requests)) == count

    sizes = []
    for first in range(0, 2000, 500):
        play(first, 500)
        gc.collect()
        sizes.append(resident())
    grown = (sizes[-1] - sizes[0]) / 2**20
    assert grown < 16, [size >> 20 for size in sizes]
