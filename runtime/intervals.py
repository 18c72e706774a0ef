"""Exact one-sided bounds of a rate (Clopper and Pearson 1934), for small counts as for large."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

_HALVINGS = 60
"""Of an interval from 0 to 1: far below what a float of that size can tell apart."""


def binomial_upper(k: int, n: int, confidence: float = 0.95) -> float:
    """The rate below which the true one lies, after `k` cases in `n` independent trials.

    Raises:
        ValueError: counts that cannot be.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n}")
    if k == n:
        return 1.0
    low, high = k / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(k, n, middle) > 1 - confidence else (low, middle)
    return high


def binomial_lower(k: int, n: int, confidence: float = 0.95) -> float:
    """The rate above which the true one lies."""
    return 1.0 - binomial_upper(n - k, n, confidence)


def _at_most(k: int, n: int, rate: float) -> float:
    """The chance of at most `k` cases in `n` trials, for a rate strictly between 0 and 1."""
    if rate >= 1.0:
        return 0.0
    hit, miss = log(rate), log1p(-rate)
    whole = lgamma(n + 1)
    return sum(
        exp(whole - lgamma(i + 1) - lgamma(n - i + 1) + i * hit + (n - i) * miss)
        for i in range(k + 1)
    )
