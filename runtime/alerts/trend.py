"""The trend of a noisy series, with bounds that hold: Theil and Sen's slope, Kendall's test.

The slope is the median of the slopes between all pairs of points. A trend surely exceeds m where
Kendall's S of the pairs, counted after m is taken off, is larger than chance allows; the largest
such m is the lower bound (Sen 1968, JASA 63:1379). It needs no normal noise, no even spacing, and
one outlier does not move it. The distribution of S is exact: permutations by inversions (Kendall
1938, Biometrika 30:81).

Chance is that of independent noise. Rewards keep their noise from step to step, so the threshold
grows by the square root of n/n*, the loss of information in noise of that persistence (Yue and
Wang 2004, Water Resources Management 18:201): 1 + 2 Σ (1 - k/n) r^k, where r is the lag-one
correlation of what is left beside the trend, corrected for its bias in short series (Kendall
1954, Biometrika 41:403). It counts only where it is beyond chance at 90%, as in Hamed and Rao (1998,
Journal of Hydrology 204:182): taken at its word, that of eight evaluations would drown them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import NormalDist, fmean, median

CHANCE = 1.2816
"""One-sided 90% of the normal distribution."""
MOST = 0.6
"""Beyond any persistence that noise of fresh episodes has: what seems more is a trend that is no
line, and a rise in the shape of an S would be taken for noise just where it is steepest."""
EXACT = 60
"""Points up to which S is counted out; of more, its normal limit is as good and costs nothing."""
Point = tuple[int, float]
"""A step and a value."""


@dataclass(frozen=True)
class Trend:
    """The slope of a series, a step, with one-sided bounds."""

    slope: float
    low: float
    """It is surely above this; minus infinity where so few points are sure of nothing."""
    high: float
    """It is surely below this."""
    correlation: float
    """Lag-one, of the noise."""


def trend(points: Sequence[Point], *, confidence: float) -> Trend:
    """The trend of points in the order of their steps; each bound holds with `confidence`."""
    if len(points) < 2:
        return Trend(0.0, -math.inf, math.inf, 0.0)
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, later in enumerate(points)
        for earlier in points[:index]
    )
    slope = median(slopes)
    correlation = _correlation([value - slope * step for step, value in points])
    needed = _critical(len(points), confidence) * math.sqrt(_inflation(len(points), correlation))
    outside = math.floor((len(slopes) - needed) / 2 + 1e-9)
    if outside < 0:
        return Trend(slope, -math.inf, math.inf, correlation)
    return Trend(slope, slopes[outside], slopes[-1 - outside], correlation)


def _correlation(residuals: Sequence[float]) -> float:
    """Lag-one autocorrelation, from 0 to `MOST`; beyond Anderson's limit, or 0."""
    mean, n = fmean(residuals), len(residuals)
    spread = math.fsum((value - mean) ** 2 for value in residuals)
    # What is left beside an exact line is rounding, and means nothing.
    if n < 4 or spread <= 1e-18 * max(1.0, max(map(abs, residuals))) ** 2 * n:
        return 0.0
    found = math.fsum((a - mean) * (b - mean) for a, b in pairwise(residuals)) / spread
    if n <= 4 or found <= (CHANCE * math.sqrt(n - 2) - 1) / (n - 1):
        return 0.0
    return min((n * found + 2) / (n - 4), MOST)


def _inflation(n: int, correlation: float) -> float:
    return 1 + 2 * math.fsum((1 - k / n) * correlation**k for k in range(1, n))


@cache
def _critical(n: int, confidence: float) -> int:
    """The smallest S that chance reaches with at most 1 - `confidence`; above every S if none is."""
    if n > EXACT:
        spread = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
        return math.ceil(NormalDist().inv_cdf(confidence) * spread) + 1
    counts = _inversions(n)
    total, tail, pairs = math.factorial(n), 0, n * (n - 1) // 2
    for inversions, count in enumerate(counts):
        tail += count
        if tail / total > 1 - confidence + 1e-12:
            return pairs - 2 * inversions + 2
    return -pairs


@cache
def _inversions(n: int) -> tuple[int, ...]:
    """Permutations of n by their number of inversions (OEIS A008302)."""
    if n <= 1:
        return (1,)
    before = _inversions(n - 1)
    size = n * (n - 1) // 2 + 1
    found, running = [], 0
    for inversions in range(size):
        running += before[inversions] if inversions < len(before) else 0
        gone = inversions - n
        running -= before[gone] if 0 <= gone < len(before) else 0
        found.append(running)
    return tuple(found)
