"""Intervals against exact sums and published tables, and their coverage by simulation."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime import intervals
from mrlc.runtime.intervals import (
    Interval,
    beta_cdf,
    binomial_lower,
    binomial_upper,
    clopper_pearson,
    mcnemar,
    mean_interval,
    wilson,
)


def tail(n: int, k: int, rate: Fraction) -> float:
    """P(at least k successes in n), with exact arithmetic."""
    return float(sum(comb(n, i) * rate**i * (1 - rate) ** (n - i) for i in range(k, n + 1)))


@settings(deadline=None)
@given(st.integers(1, 60), st.data(), st.fractions(0, 1, max_denominator=50))
def test_beta_is_the_tail_of_the_binomial(n: int, data: st.DataObject, rate: Fraction) -> None:
    k = data.draw(st.integers(1, n))
    assert beta_cdf(float(rate), k, n - k + 1) == pytest.approx(tail(n, k, rate), abs=1e-12)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # R: binom.test(k, n)$conf.int
        (0, 10, 0.0, 0.3084971),
        (1, 10, 0.002528579, 0.4450161),
        (5, 10, 0.1870860, 0.8129140),
        (10, 10, 0.6915029, 1.0),
        (9, 200, 0.02078042, 0.08370269),
        (0, 0, 0.0, 1.0),
    ],
)
def test_exact_interval(k: int, n: int, low: float, high: float) -> None:
    found = clopper_pearson(k, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-7)


@pytest.mark.parametrize(
    ("bound", "passes"),
    [(0.05, [(0, 59), (1, 93), (2, 124), (3, 153)]), (0.10, [(0, 29), (1, 46), (3, 76), (5, 103)])],
)
def test_upper_bounds_of_the_gates(bound: float, passes: list[tuple[int, int]]) -> None:
    for k, n in passes:
        assert binomial_upper(k, n) <= bound < binomial_upper(k, n - 1)


@pytest.mark.parametrize(("n", "rate"), [(299, 0.01), (149, 0.02), (59, 0.05)])
def test_lower_bound_mirrors_the_upper(n: int, rate: float) -> None:
    assert binomial_upper(0, n) <= rate
    assert binomial_lower(n, n) == pytest.approx(1 - binomial_upper(0, n))


def test_wilson() -> None:
    # Brown, Cai and DasGupta 2001; R: prop.test(1, 10, correct = FALSE)$conf.int
    found = wilson(1, 10)
    assert (found.low, found.high) == pytest.approx((0.01787621, 0.40415002), abs=1e-7)
    assert (wilson(0, 5).low, wilson(5, 5).high, wilson(0, 0)) == (0.0, 1.0, Interval(0.0, 1.0))


@pytest.mark.parametrize("counts", [(-1, 3), (4, 3)])
def test_counts_that_cannot_be(counts: tuple[int, int]) -> None:
    for bound in (binomial_lower, binomial_upper, wilson):
        with pytest.raises(ValueError, match="successes in"):
            bound(*counts)


@pytest.mark.parametrize("n", [5, 20, 60])
@pytest.mark.parametrize("rate", [0.02, 0.3, 0.9])
def test_exact_coverage_is_at_least_nominal(n: int, rate: float) -> None:
    """Not simulated: the sum over all outcomes."""
    covered = sum(
        comb(n, k) * rate**k * (1 - rate) ** (n - k)
        for k in range(n + 1)
        if rate in clopper_pearson(k, n)
    )
    assert covered >= 0.95


def pass_at_2(generator: random.Random) -> float:
    """A task's unbiased pass@2 of four samples: tasks differ in how hard they are."""
    successes = sum(generator.random() < generator.choice((0.05, 0.9)) for _ in range(4))
    return 1 - comb(4 - successes, 2) / comb(4, 2)


POPULATIONS = {
    "pass@2 of tasks, easy and hard": pass_at_2,
    "mostly one, rarely less": lambda generator: 1.0 if generator.random() < 0.95 else 0.5,
    "uniform": lambda generator: round(generator.random(), 1),
}


@pytest.mark.parametrize("name", POPULATIONS)
def test_coverage_of_a_mean_by_simulation(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of studies at a nominal 95% at least 95% hold the truth, within two standard errors."""
    monkeypatch.setattr(intervals, "DRAWS", 300)
    draw, generator = POPULATIONS[name], random.Random(name)
    truth = fmean(draw(generator) for _ in range(20_000))
    held = [
        truth in mean_interval([draw(generator) for _ in range(25)], seed=study)
        for study in range(200)
    ]
    assert fmean(held) >= 0.95 - 2 * (0.95 * 0.05 / 200) ** 0.5


@settings(deadline=None, max_examples=12)
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=40))
def test_a_mean_lies_within_its_range(values: list[float]) -> None:
    found = mean_interval(values, seed=1)
    assert fmean(values) in Interval(found.low - 1e-9, found.high + 1e-9)
    assert 0 <= found.low <= found.high <= 1
    assert found == mean_interval(values, seed=1)


def test_a_mean_of_rates_is_the_exact_interval() -> None:
    values = [1.0] * 3 + [0.0] * 17
    assert mean_interval(values, seed=1) == clopper_pearson(3, 20)
    drawn = mean_interval([*values, 0.5], seed=1)  # one that is no rate: drawn, and near
    assert drawn.low == pytest.approx(clopper_pearson(3, 20).low, abs=0.03)
    assert drawn.high == pytest.approx(clopper_pearson(3, 20).high, abs=0.03)


def test_equal_values_have_a_width() -> None:
    found = mean_interval([0.0] * 30, seed=1, low=-1.0)
    assert -0.15 < found.low < -0.1
    assert 0.1 < found.high < 0.15


@pytest.mark.parametrize(
    ("fixed", "broken", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (6, 0, 0.03125), (1, 9, 22 / 1024), (9, 1, 22 / 1024)],
)
def test_mcnemar(fixed: int, broken: int, p: float) -> None:
    assert mcnemar(fixed, broken) == pytest.approx(p)
