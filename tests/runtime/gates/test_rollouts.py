"""The two samples: many tasks once, some tasks in groups."""

from __future__ import annotations

import pytest

from mrlc.runtime.gates.checks.foothold import needed
from mrlc.runtime.gates.rollouts import Baseline, design
from mrlc.runtime.task import Task
from tests.runtime.gates.conftest import rollout

TASKS = [Task(f"t{n}", "train", {}) for n in range(200)]


def test_many_tasks_once_and_the_first_in_groups():
    plan = design(TASKS, rollouts=128, samples=8, seed=1)
    members = list(plan.members())
    assert (len({task.id for task, _ in members}), len(members)) == (128, 128 + 16 * 7)
    assert plan == design(TASKS[::-1], rollouts=128, samples=8, seed=1)
    assert plan != design(TASKS, rollouts=128, samples=8, seed=2)


def test_few_tasks_have_equally_many():
    plan = design(TASKS[:3], rollouts=128, samples=8, seed=1)
    counts = [sum(task == one for one, _ in plan.members()) for task in TASKS[:3]]
    assert counts == [43, 43, 43]


def test_broken_environments_are_counted_and_left_out():
    plan = design(TASKS[:2], rollouts=2, samples=2, seed=1)
    order = list(plan.members())
    rollouts = [rollout(None if member else 1.0, task=task.id) for task, member in order]
    found = Baseline.of(plan, rollouts)
    assert (len(found.wide), found.unscorable) == (2, len(order) - 2)
    assert [len(group) for group in found.groups] == [1] * plan.groups


@pytest.mark.parametrize(("rate", "rollouts"), [(0.01, 299), (0.02, 149), (0.05, 59)])
def test_power_of_a_foothold(rate, rollouts):
    assert needed(rate) == rollouts
