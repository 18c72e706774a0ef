"""Baseline rollouts: how many of which tasks, and what is known of each.

Two samples. The *wide* one has a rollout of each of many training tasks, so that rollouts are
independent and binomial bounds are exact; where there are fewer tasks than rollouts, every task has
equally many, and the bounds err on the safe side (Hoeffding 1956). Members of a group share a task
and are not independent, so groups are the *deep* sample, on the first of the same tasks; only
what needs groups is asked of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mrlc.runtime.reward import Reward, RewardScore
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.scorers import Scorer
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.task import Task


@dataclass(frozen=True)
class Rollout:
    """An episode of the base model with what it is paid and how it is scored."""

    trajectory: Trajectory
    reward: RewardScore | None
    evaluation: float | None

    @property
    def is_scorable(self) -> bool:
        """False where the environment broke."""
        return self.reward is not None and self.evaluation is not None


def scored(played: Sequence[Trajectory], reward: Reward, scorer: Scorer) -> list[Rollout]:
    """Episodes with their pay and their scores.

    Raises:
        CodeFailed: a component or the scorer failed.
    """
    rewards = reward.score_all(played)
    return [
        Rollout(one, paid, scorer.score(one)) for one, paid in zip(played, rewards, strict=True)
    ]


@dataclass(frozen=True)
class Design:
    """Which tasks get how many rollouts."""

    tasks: tuple[Task, ...]
    each: int
    """Of every task, in the wide sample."""
    groups: int
    """Tasks that get a whole group, the first ones."""
    samples: int
    """Rollouts of a group."""

    def members(self) -> Iterator[tuple[Task, int]]:
        """Task and index of every rollout, task by task."""
        for place, task in enumerate(self.tasks):
            count = max(self.each, self.samples) if place < self.groups else self.each
            yield from ((task, member) for member in range(count))


def design(tasks: Sequence[Task], *, rollouts: int, samples: int, seed: int) -> Design:
    """At least so many rollouts in the wide sample, and as many again in groups."""
    order = sorted(tasks, key=lambda task: task.id)
    random.Random(derive_seed(seed, "gates", "tasks")).shuffle(order)
    chosen = tuple(order[:rollouts])
    groups = min(len(chosen), -(-rollouts // samples))
    return Design(chosen, -(-rollouts // len(chosen)), groups, samples)


@dataclass(frozen=True)
class Baseline:
    """The rollouts of a design; those whose environment broke are counted and left out."""

    wide: tuple[Rollout, ...]
    groups: tuple[tuple[Rollout, ...], ...]
    """Scorable members of each task's group, in order."""
    unscorable: int

    @classmethod
    def of(cls, plan: Design, rollouts: Sequence[Rollout]) -> Baseline:
        """Sort rollouts, in the order of the design's members, into its samples."""
        wide: list[Rollout] = []
        groups: dict[str, list[Rollout]] = {task.id: [] for task in plan.tasks[: plan.groups]}
        for (task, member), rollout in zip(plan.members(), rollouts, strict=True):
            if rollout.is_scorable and member < plan.each:
                wide.append(rollout)
            if rollout.is_scorable and task.id in groups and member < plan.samples:
                groups[task.id].append(rollout)
        lost = sum(not rollout.is_scorable for rollout in rollouts)
        return cls(tuple(wide), tuple(map(tuple, groups.values())), lost)

    @property
    def all(self) -> list[Rollout]:
        """Every scorable rollout once."""
        seen = {id(rollout): rollout for rollout in self.wide}
        seen |= {id(rollout): rollout for group in self.groups for rollout in group}
        return list(seen.values())
