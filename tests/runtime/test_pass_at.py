from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.pass_at import pass_at_k


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=9), st.data())
def test_is_the_share_of_samples_of_k_that_hold_a_success(
    outcomes: list[bool], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(outcomes)))
    chosen = [any(one) for one in combinations(outcomes, k)]
    expected = sum(chosen) / len(chosen)
    assert pass_at_k(len(outcomes), sum(outcomes), k) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_bounds_and_growth(samples: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, samples))
    values = [pass_at_k(samples, successes, k) for k in range(1, samples + 1)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(successes / samples)
    assert values[-1] == (1.0 if successes else 0.0)
    assert all(0 <= value <= 1 for value in values)


@pytest.mark.parametrize(
    ("samples", "successes", "k"), [(3, 1, 4), (3, 4, 1), (3, -1, 1), (3, 1, 0)]
)
def test_counts_that_cannot_be(samples: int, successes: int, k: int) -> None:
    with pytest.raises(ValueError, match="pass@"):
        pass_at_k(samples, successes, k)
