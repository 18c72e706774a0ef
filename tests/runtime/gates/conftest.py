"""Cases of the test project, and rollouts made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.gates.case import Case, Paid
from mrlc.runtime.gates.rollouts import Rollout
from mrlc.runtime.progress import PlainProgress
from mrlc.runtime.reward import RewardScore
from mrlc.runtime.rollout.trajectory import StopCause, Trajectory
from mrlc.runtime.setup import load_plan
from mrlc.runtime.task import Task
from tests.conftest import Project

GOLDEN = """\
gates:
  golden:
    walk:
      - call: {find_bike: {bike: "{{ task.bike }}"}}
      - answer: "{{ task.expected }}"
"""

MakeCase = Callable[..., Case]


def solvable(project: Project) -> None:
    """Give the test project a golden walk, and every task its row."""
    for split, number in (("train", "1"), ("train", "2"), ("validation", "3"), ("test", "4")):
        name = f"specs/data/{split}.jsonl"
        project.edit(name, f'"Bike {number}?"', f'"Bike {number}?", "bike": "{number}"')
    project.edit("specs/bikes.csv", "2,J2,0\n", "2,J2,0\n3,J3,1\n4,J4,9\n")
    project.edit("specs/desk.yaml", "turns: {human: 2}\n", "turns: {human: 2}\n" + GOLDEN)


@pytest.fixture
def make_case(project: Project) -> MakeCase:
    """A case of the project as it stands, with some values overridden."""

    def make(*overrides: str) -> Case:
        folder = write_plan(compile_spec(project.spec, overrides=overrides), project.root / "build")
        plan = load_plan(folder)
        rollouts = plan.experiment.gates.rollouts
        runs: Path = project.root / "runs"
        paid = Paid(0.0, 1.0, 0.55)
        return Case(plan, folder, paid, 1, rollouts, runs, PlainProgress())

    return make


def rollout(
    reward: float | None,
    evaluation: float = 0.0,
    *,
    task: str = "t",
    member: int = 0,
    stop: StopCause = StopCause.ANSWERED,
) -> Rollout:
    """A rollout without turns; None for one whose environment broke."""
    trajectory = Trajectory(Task(task, "train", {}), member, (), (), stop)
    if reward is None:
        return Rollout(trajectory, None, None)
    return Rollout(trajectory, RewardScore(reward, {"fields": reward}), evaluation)


def groups_of(rewards: Sequence[Sequence[float]]) -> list[tuple[Rollout, ...]]:
    """A group for each list, of a task of its own."""
    return [
        tuple(rollout(one, task=f"t{i}", member=m) for m, one in enumerate(group))
        for i, group in enumerate(rewards)
    ]


def ended(causes: dict[StopCause, int]) -> list[Rollout]:
    """So many rollouts of each cause."""
    return [rollout(0.0, stop=cause) for cause, count in causes.items() for _ in range(count)]
