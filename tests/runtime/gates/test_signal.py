"""The predicted signal is unbiased, and groups of one value are none."""

from __future__ import annotations

from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrlc.runtime.gates.checks.variance import judged
from mrlc.runtime.gates.signal import informative_share, predicted
from tests.runtime.gates.conftest import groups_of


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=2, max_size=7), st.integers(2, 7))
def test_the_share_is_the_mean_over_all_groups_that_can_be_drawn(rewards, size):
    if len(rewards) < size:
        with pytest.raises(ValueError, match="samples are no group"):
            informative_share(rewards, size)
        return
    drawn = [len(set(group)) > 1 for group in combinations(rewards, size)]
    assert informative_share(rewards, size) == pytest.approx(fmean(drawn))


def test_smaller_groups_are_less_often_informative_but_more_of_them():
    """Success one time in ten: the share falls from size 8 to 4, the number rises."""
    signal = predicted([[1.0] + [0.0] * 9])
    assert signal["8"] == {"informative": 0.8, "per_1024": 102.4}
    assert signal["4"] == {"informative": 0.4, "per_1024": 102.4}
    assert set(signal) == {"2", "4", "8"}


HALVES = [[0.0] * 8] * 8 + [[1.0] * 8] * 8
CASES = {
    "half always 0 and half always 1": (HALVES, "fail"),
    "all alike but few": ([[0.0] * 8] * 4, "insufficient evidence"),
    "one in sixteen": ([[0.0] * 7 + [1.0]] + [[0.0] * 8] * 15, "insufficient evidence"),
    "half of them": ([[0.0] * 7 + [1.0]] * 8 + HALVES[:8], "pass"),
    "none at all": ([], "insufficient evidence"),
}


@pytest.mark.parametrize("case", CASES)
def test_variance_is_that_within_groups(case):
    rewards, verdict = CASES[case]
    found = judged(groups_of(rewards), 8)
    assert found.verdict == verdict
    assert bool(found.offenders) == (verdict != "pass" and bool(rewards))


def test_the_offenders_are_tasks_that_always_earn_the_same():
    found = judged(groups_of(HALVES), 8)
    assert found.said.startswith("0 of 16 groups of 8 differ in reward")
    assert found.offenders[0].why == "all 8 rollouts of the task earn 0"
