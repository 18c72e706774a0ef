"""A run of the test project that takes seconds, with the real trainers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.record import RunFolder, create_run, open_run
from mrlc.runtime.run import configure_torch, execute, quiet_libraries
from mrlc.runtime.setup import Setup, load_plan, prepare
from tests.conftest import Project

quiet_libraries()

SMALL = (
    "model.tiny={hidden_size: 32, heads: 2, layers: 1}",
    "warm_start.steps=3",
    "warm_start.checkpoint_every=1",
    "algorithm.steps=4",
    "algorithm.checkpoint_every=1",
    "algorithm.learning_rate=0.01",
    "evaluation.every_steps=2",
    "evaluation.pass_at=[1, 2]",
    "turns.max_tokens=6",
    "target.local.threads=1",
)

# Random weights never answer; this pays them differently all the same.
VARIED = """\
def polite(trajectory):
    return sum(map(ord, "".join(turn.text for turn in trajectory.turns))) % 7 / 7
"""


class Interrupted(Exception):
    """What ends a run from outside."""


class Quiet:
    """No progress; calls `on_step` with the phase and the step."""

    def __init__(self, on_step: Callable[[str, int], None] = lambda phase, step: None) -> None:
        self._on_step = on_step

    def phase(self, name: str) -> Any:
        phase = type("Phase", (), {})()
        phase.step = lambda step, total, metrics: self._on_step(name, step)
        phase.alert = lambda firings: None
        return nullcontext(phase)


class Bench:
    """Compiles and runs variants of the test project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.runs = project.root / "runs"
        project.write("specs/rewards.py", VARIED)

    def plan(self, *overrides: str) -> Path:
        compiled = compile_spec(self.project.spec, overrides=(*SMALL, *overrides))
        return write_plan(compiled, self.project.root / "build")

    def prepare(self, *overrides: str, seed: int = 5) -> tuple[Setup, RunFolder]:
        folder = self.plan(*overrides)
        plan = load_plan(folder)
        configure_torch(plan.experiment)
        setup = prepare(plan, folder, seed=seed)
        return setup, create_run(self.runs, folder, plan, seed=seed)

    def run(self, *overrides: str, seed: int = 5) -> RunFolder:
        setup, run = self.prepare(*overrides, seed=seed)
        execute(setup, run, Quiet())
        return run

    def interrupted(self, *overrides: str, at: tuple[str, int] = ("training", 3)) -> RunFolder:
        """A run that ended in a step of a phase, before a checkpoint of it."""
        setup, run = self.prepare(*overrides)

        def interrupt(phase: str, step: int) -> None:
            if (phase, step) == at:
                raise Interrupted

        with pytest.raises(Interrupted):
            execute(setup, run, Quiet(interrupt))
        return run

    def resume(self, path: Path) -> RunFolder:
        run = open_run(path)
        execute(prepare(load_plan(run.plan), run.plan, seed=run.seed()), run, Quiet())
        return run


@pytest.fixture
def bench(project: Project) -> Bench:
    return Bench(project)


def weights(run: RunFolder) -> bytes:
    return (run.model / "model.safetensors").read_bytes()


def trajectories(run: RunFolder) -> bytes:
    return (run.path / "trajectories.jsonl").read_bytes()


def forced_turns(setup: Any, monkeypatch: Any) -> None:
    """Make the policy write scripts that call tools, so that there is something to compare."""
    from mrlc.runtime.model.chat import tool_call_message
    from mrlc.runtime.rollout.policies.scripted import ScriptedPolicy
    from mrlc.runtime.rollout.trajectory import ToolCall
    from mrlc.runtime.train.rollouts import Rollouts

    def turn(said: str | ToolCall) -> list[int]:
        if isinstance(said, ToolCall):
            return setup.chat.message_ids(tool_call_message(said))
        return [*setup.chat.encode(said), setup.chat.end_id]

    find, lost = ToolCall("find_bike", {"bike": "1"}), ToolCall("find_bike", {"bike": "9"})
    right = '<final_output>{"job": "J1", "days": 3}</final_output>'
    scripts = [
        [turn(find), turn(right)],
        [turn(lost), turn(find), turn(right)],
        [turn("I do not know.")],
        [turn(find), turn(lost), turn(find)],
    ]
    scripted = ScriptedPolicy(scripts, end_id=setup.chat.end_id)
    monkeypatch.setattr(Rollouts, "_policy", lambda self, trainer: scripted)
