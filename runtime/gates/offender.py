"""Rollouts that speak against the set-up, as evidence keeps them."""

from __future__ import annotations

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
    """The first few."""
    return [offender(rollout, why) for rollout in rollouts[:OFFENDERS]]
