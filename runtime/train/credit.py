"""Credit for turns: each turn's advantage, where some components pay by turn.

A turn cannot change what earlier turns were paid. It is judged by its reward-to-go, what is paid
from it on, against what the group was paid from that turn on; and by what the episode as a whole
is paid, against the group's mean of that, as GRPO judges it. With R the pay of the episode apart
from its turns, and G(t) the sum of what turns t, t+1, … are paid:

    A(t) = R - mean R  +  G(t) - mean G(t)

Both means go over the *whole* group. A member that ended before turn t has G(t) = 0 and counts.
For then each mean is over the same number n of members, and the expected gradient is (n - 1)/n
of the true one at every turn: the direction is right. A mean does no harm by itself, as
E[grad log p(a) · b] = 0 for a baseline b that does not depend on a (Williams 1992; reward-to-go
and baselines: Sutton and Barto, Reinforcement Learning, 2nd ed., section 13.4; the mean of a
group that holds the sample itself, and its factor: Kool et al. 2019, "Buy 4 REINFORCE samples,
get a baseline for free"). The naive form, which normalises a turn's own pay over those members
that got there, breaks this three times: it gives no credit for what a turn leads to; a lone
survivor gets none whatever it does; and each turn has a factor, or a deviation, of its own.

With `scale_rewards` one number divides all turns of a group, or of the batch, so their weights
beside each other stay. It is the root mean square of the advantages before division, with the
n - 1 of a deviation: where no turn is paid it is the standard deviation that GRPO divides by,
and where all episodes earn the same by different ways it is not zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from mrlc.runtime.reward import RewardScore
from mrlc.schemas.algorithm import Scale

EPSILON = 1e-4
"""Added to what is divided by, as TRL does."""

Advantages = tuple[float, ...]
"""One a turn."""


class _Returns(NamedTuple):
    """What one episode was paid."""

    apart: float
    """Not by turn."""
    to_go: tuple[float, ...]
    """By turn, from each turn on."""


def turn_advantages(
    scores: Sequence[RewardScore | None], *, group_size: int, scale: Scale
) -> list[Advantages]:
    """The advantage of each turn of each episode; none of an episode without a reward.

    `scores` are in groups of `group_size`, one task a group.
    """
    returns = [None if score is None else _returns(score) for score in scores]
    groups = [returns[i : i + group_size] for i in range(0, len(returns), group_size)]
    if scale == "batch":
        divisor = _spread(_centred(returns)) + EPSILON
        return [_divided(one, divisor) for group in groups for one in _centred(group)]
    found = []
    for group in groups:
        centred = _centred(group)
        divisor = _spread(centred) + EPSILON if scale == "group" else 1.0
        found += [_divided(one, divisor) for one in centred]
    return found


def _returns(score: RewardScore) -> _Returns:
    to_go = tuple(accumulate(reversed(score.turns)))[::-1]
    return _Returns(score.total - math.fsum(score.turns), to_go)


def _centred(group: Sequence[_Returns | None]) -> list[Advantages]:
    """Each episode's turns against the mean of the whole group."""
    known = [one for one in group if one is not None]
    longest = max((len(one.to_go) for one in known), default=0)
    apart = _mean([one.apart for one in known])
    to_go = [_mean([_at(one, turn) for one in known]) for turn in range(longest)]
    return [() if one is None else _less(one, apart, to_go) for one in group]


def _less(one: _Returns, apart: float, to_go: Sequence[float]) -> Advantages:
    return tuple(one.apart - apart + paid - to_go[turn] for turn, paid in enumerate(one.to_go))


def _at(one: _Returns, turn: int) -> float:
    """The reward-to-go of a turn; 0 of one that was never reached."""
    return one.to_go[turn] if turn < len(one.to_go) else 0.0


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def _spread(centred: Sequence[Advantages]) -> float:
    """The root of the summed mean squares of the episodes, over one less than there are."""
    squares = [_mean([value * value for value in one]) for one in centred if one]
    return math.sqrt(math.fsum(squares) / (len(squares) - 1)) if len(squares) > 1 else 0.0


def _divided(one: Advantages, divisor: float) -> Advantages:
    return tuple(value / divisor for value in one)
