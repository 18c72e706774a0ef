"""Rollouts that speak against the set-up, as evidence keeps them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mrlc.runtime.gates.gate import OFFENDERS
from mrlc.runtime.gates.rollouts import Rollout
from mrlc.runtime.gates.transcripts import lines_of
from mrlc.schemas.evidence import Offender


def offender(rollout: Rollout, why: str) -> Offender:
    """A rollout and what is wrong with it."""
    trajectory, reward = rollout.trajectory, rollout.reward
    return Offender(
        task=trajectory.task.id,
        member=trajectory.member,
        why=why,
        turns=lines_of(trajectory),
        reward=round(reward.total, 9) if reward else None,
        components={name: round(v, 9) for name, v in reward.components.items()} if reward else {},
        evaluation=rollout.evaluation,
    )


def offenders(rollouts: Sequence[Rollout], why: str) -> list[Offender]:
    """A few: one of each kind before a second of any, so that a common fault hides no rarer one."""
    seen: Counter[tuple[object, ...]] = Counter()
    ranked = []
    for rollout in rollouts:
        kind = _kind(rollout)
        ranked.append((seen[kind], rollout))
        seen[kind] += 1
    ranked.sort(key=lambda one: one[0])
    return [offender(rollout, why) for _, rollout in ranked[:OFFENDERS]]


def _kind(rollout: Rollout) -> tuple[object, ...]:
    """How it ended, how it is scored, and what it is paid for."""
    components = sorted(rollout.reward.components.items()) if rollout.reward else ()
    return (rollout.trajectory.stop, rollout.evaluation, *components)
