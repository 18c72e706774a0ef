"""What two rewards say of the same training groups: GRPO learns from the order within a group.

A pair of members is reversed where the rewards order it differently, tied where only the new
one gives both the same, split where only the old one does. A group teaches where its members
differ; its lesson changes where a member's advantage changes sign. An unscorable member has
neither reward nor rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean

TIE = 1e-9
"""Rewards closer than that are one: sums of weights differ in their last bits."""

Rewards = tuple[float | None, float | None]
"""One member's, old and new."""


@dataclass(frozen=True)
class Rankings:
    """How many group rankings the new reward changes."""

    groups: int = 0
    flipped: int = 0
    """Groups with a pair that is reversed, tied or split."""
    pairs: int = 0
    """Pairs of members that both have both rewards."""
    reversed: int = 0
    tied: int = 0
    split: int = 0
    sign_changes: int = 0
    """Groups in which a member's advantage changes sign."""
    informative_before: int = 0
    """Groups whose members differ in the old reward."""
    informative_after: int = 0

    def __add__(self, other: Rankings) -> Rankings:
        mine, more = asdict(self), asdict(other)
        return Rankings(**{name: mine[name] + more[name] for name in mine})


def rank(groups: Iterable[Sequence[Rewards]]) -> Rankings:
    """Count over groups; one without two scorable members still counts as a group."""
    return sum((_of_group(group) for group in groups), Rankings())


def _of_group(group: Sequence[Rewards]) -> Rankings:
    known = [(old, new) for old, new in group if old is not None and new is not None]
    orders = [
        (_sign(one[0] - two[0]), _sign(one[1] - two[1])) for one, two in combinations(known, 2)
    ]
    turned = sum(old * new < 0 for old, new in orders)
    tied = sum(old != 0 and new == 0 for old, new in orders)
    split = sum(old == 0 and new != 0 for old, new in orders)
    return Rankings(
        groups=1,
        flipped=int(turned + tied + split > 0),
        pairs=len(orders),
        reversed=turned,
        tied=tied,
        split=split,
        sign_changes=int(_signs([old for old, _ in known]) != _signs([new for _, new in known])),
        informative_before=int(any(old for old, _ in orders)),
        informative_after=int(any(new for _, new in orders)),
    )


def _signs(rewards: Sequence[float]) -> list[int]:
    """Of the advantages."""
    mean = fmean(rewards) if rewards else 0.0
    return [_sign(reward - mean) for reward in rewards]


def _sign(value: float) -> int:
    return 0 if abs(value) < TIE else (1 if value > 0 else -1)
