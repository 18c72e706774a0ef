"""The trend: exact small cases, and bounds that hold where noise persists."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrlc.compiler.alert_reach import _fewest
from mrlc.runtime.alerts.trend import Trend, trend

VALUES = st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=4, max_size=20)

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a machine that has other work, to draw examples takes long."""


def of(*values: float, confidence: float = 0.95) -> Trend:
    return trend(list(enumerate(values, 1)), confidence=confidence)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ((0.0, 1.0, 2.0), -math.inf, math.inf),  # of six arrangements one agrees: 17%
        ((0.0, 1.0, 2.0, 3.0), 1.0, 1.0),  # of 24 one: 4%
        ((0.5,) * 20, 0.0, 0.0),
        ((0.0,), -math.inf, math.inf),
    ],
)
def test_bounds_of_few_points(values: tuple[float, ...], low: float, high: float) -> None:
    found = of(*values)
    assert (found.low, found.high) == (low, high)


def test_one_outlier_moves_nothing() -> None:
    values = [0.1 * step for step in range(20)]
    values[7] = 50.0
    assert of(*values).slope == pytest.approx(0.1)


@pytest.mark.parametrize(("confidence", "points"), [(0.8, 3), (0.95, 4), (0.99, 5)])
def test_the_fewest_points_that_say_anything(confidence: float, points: int) -> None:
    """The compiler refuses windows that hold fewer."""
    assert _fewest(confidence) == points
    assert math.isfinite(of(*range(points), confidence=confidence).low)
    assert not math.isfinite(of(*range(points - 1), confidence=confidence).low)


@pytest.mark.parametrize(
    ("size", "persistence", "most"),
    [(8, 0.0, 0.07), (20, 0.0, 0.07), (20, 0.6, 0.11), (50, 0.6, 0.08)],
)
def test_bounds_hold_where_noise_persists(size: int, persistence: float, most: float) -> None:
    """5% may be outside on each side, as far as 400 series tell; short and persistent ones, 8%."""
    rng, wrong = random.Random(size), [0, 0]
    for _ in range(400):
        noise, values = rng.gauss(0, 1), []
        for step in range(size):
            noise = persistence * noise + math.sqrt(1 - persistence**2) * rng.gauss(0, 1)
            values.append(0.02 * step + 0.3 * noise)
        found = of(*values)
        wrong[0] += found.low > 0.02
        wrong[1] += found.high < 0.02
    assert max(wrong) <= 400 * most


@BUSY
@given(VALUES)
def test_the_order_of_bounds(values: list[float]) -> None:
    found = of(*values)
    assert found.low <= found.slope <= found.high


@BUSY
@given(VALUES, st.sampled_from([0.25, 4.0]), st.integers(-3, 3))
def test_scale_and_level_do_not_matter(values: list[float], scale: float, level: int) -> None:
    one, other = of(*values), of(*(scale * value + level for value in values))
    assert other.slope == pytest.approx(scale * one.slope, abs=1e-9)
    assert math.isfinite(one.low) == math.isfinite(other.low)


@BUSY
@given(VALUES)
def test_what_rises_falls_when_it_is_turned_over(values: list[float]) -> None:
    one, other = of(*values), of(*(-value for value in values))
    assert one.low == pytest.approx(-other.high)
