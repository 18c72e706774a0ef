"""The learning signal to expect: how many groups of a size would teach something.

A group whose members all earn the same has no advantage and teaches nothing. From n samples of a
task, of which c(v) earn v, a group of g drawn from them is uniform with the chance

    sum over v of C(c(v), g) / C(n, g)

which estimates the chance of a uniform group without bias, as pass@k is estimated
(arXiv:2107.03374); (c/n)**g would not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import comb
from statistics import fmean

SIZES = (2, 4, 8, 16, 32)
BUDGET = 1024
"""Rollouts that group sizes are compared at: smaller groups are more of them."""


def informative_share(rewards: Sequence[float], group: int) -> float:
    """The chance that a group of this size, of one task, differs in reward.

    Raises:
        ValueError: fewer samples than a group has.
    """
    if len(rewards) < group:
        raise ValueError(f"{len(rewards)} samples are no group of {group}")
    counts = Counter(round(reward, 9) for reward in rewards)
    return 1.0 - sum(comb(count, group) for count in counts.values()) / comb(len(rewards), group)


def predicted(groups: Sequence[Sequence[float]]) -> dict[str, dict[str, float]]:
    """For each size that there are samples for: the share of informative groups, and how many
    of them there are in `BUDGET` rollouts."""
    found = {}
    for size in SIZES:
        known = [informative_share(rewards, size) for rewards in groups if len(rewards) >= size]
        if known:
            share = fmean(known)
            each = round(share * BUDGET / size, 1)
            found[str(size)] = {"informative": round(share, 4), f"per_{BUDGET}": each}
    return found
