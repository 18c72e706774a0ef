"""Where a reward and an evaluation agree: what is paid at success, and what at failure.

Dense rewards pay failures, and rightly so; then what matters is the order. The AUC is the
chance that a success is paid more than a failure, and the failures that are paid most are
the episodes to read.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from statistics import fmean

from mrlc.runtime.outcomes import SUCCESS

OFFENDERS = 5
"""Failures shown."""


@dataclass(frozen=True)
class Judged:
    """One episode's reward and score; each is None where it is unscorable."""

    reward: float | None
    score: float | None
    components: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Agreement:
    """One reward against one evaluation, over the scorable episodes; None where there is none."""

    reward: float | None
    """Mean."""
    components: dict[str, float]
    """Mean of each, unweighted."""
    success: float | None
    """Share of episodes that score 1."""
    paid_at_success: float | None
    """Mean reward where the score is 1."""
    paid_at_failure: float | None
    """Mean reward where it is not."""
    auc: float | None
    """Chance that a success is paid more than a failure, ties half."""


@dataclass(frozen=True)
class Offender:
    """An episode that is paid though the evaluation says it failed."""

    task: str
    phase: str
    step: int | None
    member: int
    reward: float
    score: float
    text: str
    """How its last turn ends."""
    components: Mapping[str, float] = field(default_factory=dict)
    """What it was paid for: each component's value, unweighted."""


def agreement(episodes: Iterable[Judged]) -> Agreement:
    """Set the reward against the score."""
    known = [
        (one.reward, one.score, one.components)
        for one in episodes
        if one.reward is not None and one.score is not None
    ]
    names = dict.fromkeys(name for _, _, components in known for name in components)
    right = [reward for reward, score, _ in known if score == SUCCESS]
    wrong = [reward for reward, score, _ in known if score != SUCCESS]
    return Agreement(
        reward=_mean([*right, *wrong]),
        components={name: fmean(of[name] for _, _, of in known if name in of) for name in names},
        success=len(right) / len(known) if known else None,
        paid_at_success=_mean(right),
        paid_at_failure=_mean(wrong),
        auc=auc(right, wrong),
    )


def offenders(candidates: Iterable[Offender]) -> list[Offender]:
    """The failures that are paid most; of equals the first played."""
    failed = (one for one in candidates if one.score < SUCCESS and one.reward > 0)
    ranked = ((one.reward, -place, one) for place, one in enumerate(failed))
    return [one for _, _, one in nlargest(OFFENDERS, ranked, key=lambda row: row[:2])]


def auc(right: Sequence[float], wrong: Sequence[float]) -> float | None:
    """Area under the ROC curve, as the Mann-Whitney statistic; None without both sides."""
    if not right or not wrong:
        return None
    below = sorted(wrong)
    wins = sum(bisect_left(below, one) + bisect_right(below, one) for one in right)
    return wins / (2 * len(right) * len(wrong))


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
