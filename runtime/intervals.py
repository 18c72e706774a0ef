"""Intervals that hold in small samples: what a rate or a mean could be, given what was seen.

    rate      k successes in n          exact (Clopper-Pearson); at least the level for any n
              where many stand together  Wilson: narrower, near the level on average
    mean      n values in a known range  a bootstrap over tasks with one more task at the
                                         range's far end; on 0/1 values it is the exact one

All are pure: what is drawn comes from a seed. No normal approximation, which gives a rate of
0 or 1, where most models begin and end, an interval of no width.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

DRAWS = 4_000
"""Of a bootstrap: the level is then met to a third of a percent."""


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, both included."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def as_json(self) -> list[float]:
        """As records hold it."""
        return [self.low, self.high]


def binomial_upper(k: int, n: int, confidence: float = 0.95) -> float:
    """The one-sided exact upper bound of a rate of which `n` trials showed `k`; 1 without a trial.

    The largest rate at which so few still come with probability 1 - `confidence`: the quantile
    of Beta(k + 1, n - k) (Clopper and Pearson 1934, Biometrika 26:404).

    Raises:
        ValueError: counts that cannot be.
    """
    _check(k, n)
    return 1.0 if k == n else beta_quantile(confidence, k + 1, n - k)


def binomial_lower(k: int, n: int, confidence: float = 0.95) -> float:
    """The one-sided exact lower bound: the quantile of Beta(k, n - k + 1); 0 without a success.

    Raises:
        ValueError: counts that cannot be.
    """
    _check(k, n)
    return 0.0 if k == 0 else beta_quantile(1 - confidence, k, n - k + 1)


def clopper_pearson(k: int, n: int, *, confidence: float = 0.95) -> Interval:
    """The exact interval of a rate: both one-sided bounds, each at half the doubt."""
    side = (1 + confidence) / 2
    return Interval(binomial_lower(k, n, side), binomial_upper(k, n, side))


def wilson(k: int, n: int, *, confidence: float = 0.95) -> Interval:
    """The score interval (Wilson 1927, JASA 22:209), which covers the level on average.

    The choice of Brown, Cai and DasGupta 2001 (Statistical Science 16:101) for tables of rates.
    """
    _check(k, n)
    if n == 0:
        return Interval(0.0, 1.0)
    z, rate = NormalDist().inv_cdf((1 + confidence) / 2), k / n
    centre = rate + z * z / (2 * n)
    spread = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the two terms are equal but for rounding.
    low = 0.0 if k == 0 else (centre - spread) / scale
    high = 1.0 if k == n else (centre + spread) / scale
    return Interval(low, high)


def mean_interval(
    values: Sequence[float],
    *,
    seed: int,
    low: float = 0.0,
    high: float = 1.0,
    confidence: float = 0.95,
) -> Interval:
    """The interval of a mean of values that lie between `low` and `high`.

    Gaffke's bound (Learned-Miller and Thomas 2020, arXiv:1905.06208): the values and one more
    at the far end are weighted by Dirichlet(1, …, 1), as in Rubin's Bayesian bootstrap, and the
    bound is a quantile of the weighted mean. On 0/1 values it is Clopper-Pearson, and no
    distribution is known on which it fails. Values that are all equal get a width, which the
    plain bootstrap denies them. Of paired differences it is the paired bootstrap.
    """
    if all(value in (low, high) for value in values):
        exact = clopper_pearson(values.count(high), len(values), confidence=confidence)
        return Interval(low + (high - low) * exact.low, low + (high - low) * exact.high)
    tail = (1 - confidence) / 2  # the same draws for both, so that negated values have it mirrored
    upper = _upper_mean(values, high, tail, random.Random(seed))
    lower = _upper_mean([-value for value in values], -low, tail, random.Random(seed))
    return Interval(max(low, -lower), min(high, upper))


def mcnemar(fixed: int, broken: int) -> float:
    """The exact two-sided p of McNemar's test (1947, Psychometrika 12:153).

    Of the tasks that two policies end differently, one is as likely to win as the other: a
    binomial test at a half.
    """
    differing = fixed + broken
    tail = sum(math.comb(differing, i) for i in range(min(fixed, broken) + 1))
    return min(1.0, 2 * tail / (1 << differing))


def beta_quantile(p: float, a: float, b: float) -> float:
    """Where the distribution Beta(a, b) has `p` below it, by halving to the last bit."""
    return _root(lambda x: beta_cdf(x, a, b) - p)


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction.

    DLMF 8.17.22, evaluated by Lentz's method as in Numerical Recipes, 6.4; the side that
    converges fast is reached by 8.17.4, I_x(a, b) = 1 - I_{1-x}(b, a).
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front += a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / a / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d1/(1 + d2/(1 + …)) of DLMF 8.17.22; some sqrt(max(a, b)) terms are needed."""
    value = c = 1.0
    d = 0.0
    for i in range(1, 20_000):
        m = i // 2
        if i % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (_nonzero(1 + term * d))
        c = _nonzero(1 + term / c)
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > 1e-300 else 1e-300


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return high


def _upper_mean(
    values: Sequence[float], end: float, tail: float, generator: random.Random
) -> float:
    counts = Counter(values)
    counts[end] += 1
    means = sorted(_weighted_mean(counts, generator) for _ in range(DRAWS))
    return means[math.ceil((1 - tail) * DRAWS) - 1]


def _weighted_mean(counts: Counter[float], generator: random.Random) -> float:
    """A mean under Dirichlet weights: of equal values only their count matters."""
    weights = [generator.gammavariate(count, 1.0) for count in counts.values()]
    total = sum(value * weight for value, weight in zip(counts, weights, strict=True))
    return total / sum(weights)


def _check(k: int, n: int) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"{k} successes in {n} trials")
