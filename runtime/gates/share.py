"""The share of rollouts that end in one way, against a limit."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mrlc.runtime.gates.bounds import below, decides_at
from mrlc.runtime.gates.gate import INSUFFICIENT, PASS, Finding
from mrlc.runtime.gates.offender import offenders
from mrlc.runtime.gates.rollouts import Rollout
from mrlc.runtime.intervals import binomial_upper
from mrlc.runtime.rollout.trajectory import StopCause


def share_below(
    rollouts: Sequence[Rollout],
    causes: Collection[StopCause],
    *,
    limit: float,
    what: str,
    help: str,
) -> Finding:
    """Whether fewer than `limit` of rollouts end by one of the causes."""
    found = [one for one in rollouts if one.trajectory.stop in causes]
    k, n = len(found), len(rollouts)
    upper = binomial_upper(k, n) if n else 1.0
    verdict = below(k, n, limit)
    numbers = {"rollouts": n, "cases": k, "upper_95": round(upper, 4), "limit": limit}
    said = f"{k} of {n} {what}: at most {upper:.1%}, the limit is {limit:.0%}"
    if verdict == PASS:
        return Finding(PASS, said, numbers=numbers)
    more = None
    if verdict == INSUFFICIENT:
        more = decides_at(k, n, lambda hits, trials: below(hits, trials, limit))
    return Finding(verdict, said, help, numbers, more, offenders(found, what))
