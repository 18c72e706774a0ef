"""A rate against a limit, with exact one-sided 95% bounds: above, below, or not to be told yet."""

from __future__ import annotations

from collections.abc import Callable

from mrlc.runtime.gates.gate import FAIL, INSUFFICIENT, PASS
from mrlc.runtime.intervals import binomial_lower, binomial_upper
from mrlc.schemas.evidence import Verdict

MOST = 1 << 20
"""Rollouts beyond which nobody waits for a verdict."""


def below(k: int, n: int, limit: float) -> Verdict:
    """Whether the rate of `k` cases in `n` trials is below a limit; 5% of passes are false at most."""
    if n and binomial_upper(k, n) < limit:
        return PASS
    return FAIL if n and binomial_lower(k, n) >= limit else INSUFFICIENT


def above(k: int, n: int, limit: float) -> Verdict:
    """Whether the rate is above a limit; a false pass has chance ≤ 5%."""
    if n and binomial_lower(k, n) > limit:
        return PASS
    return FAIL if n and binomial_upper(k, n) <= limit else INSUFFICIENT


def decides_at(k: int, n: int, decide: Callable[[int, int], Verdict]) -> int | None:
    """The trials that would decide, coming out as these did; None where the rate is too close."""
    rate = k / n if n else 0.0
    low, high = n, max(2 * n, 32)
    while decide(round(rate * high), high) == INSUFFICIENT:
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if decide(round(rate * middle), middle) == INSUFFICIENT:
            low = middle
        else:
            high = middle
    return high
