"""Exact bounds: the counts that practice quotes, and the law that makes them exact."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrlc.runtime.intervals import binomial_lower, binomial_upper

PASSES = {0.05: [(0, 59), (1, 93), (2, 124), (3, 153)], 0.1: [(0, 29), (1, 46), (3, 76), (5, 103)]}


@pytest.mark.parametrize(
    ("limit", "k", "n"), [(limit, *pair) for limit, pairs in PASSES.items() for pair in pairs]
)
def test_least_counts_below_a_limit(limit, k, n):
    assert binomial_upper(k, n) < limit <= binomial_upper(k, n - 1)


def test_three_of_a_hundred():
    assert binomial_upper(3, 100) == pytest.approx(0.0757, abs=1e-4)


counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_bounds_hold_the_rate_and_mirror_each_other(pair):
    k, n = pair
    low, high = binomial_lower(k, n), binomial_upper(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert low == pytest.approx(1 - binomial_upper(n - k, n))


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_at_the_bound_so_few_have_chance_five_percent(pair):
    k, n = pair
    p = binomial_upper(k, n)
    assert sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1)) == pytest.approx(0.05)


@pytest.mark.parametrize(("k", "n"), [(1, 0), (-1, 3), (4, 3)])
def test_counts_that_cannot_be(k, n):
    with pytest.raises(ValueError, match=f"{k} of {n}"):
        binomial_upper(k, n)
