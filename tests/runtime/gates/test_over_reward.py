"""Over-reward: full pay without success, success without full pay, and a reward that ranks wrongly."""

from __future__ import annotations

import pytest

from mrlc.runtime.gates.case import Paid
from mrlc.runtime.gates.checks.over_reward import auc, judged
from tests.runtime.gates.conftest import rollout

PAID = Paid(0.0, 1.0, 0.7)
DENSE = [rollout(0.83)] * 50 + [rollout(1.0, 1.0)] * 10
CASES = {
    "partial credit": (DENSE, "pass"),
    "paid as a success": ([*DENSE, rollout(1.0)], "fail"),
    "a success paid less": ([*DENSE, rollout(0.9, 1.0)], "fail"),
    "few": (DENSE[40:], "insufficient evidence"),
    "no success": (DENSE[:50] * 2, "insufficient evidence"),
}


@pytest.mark.parametrize("case", CASES)
def test_verdicts(case):
    rollouts, verdict = CASES[case]
    found = judged(rollouts, PAID, 1.0 - 1e-9, independent=len(rollouts))
    assert found.verdict == verdict
    assert bool(found.offenders) == (verdict == "fail")


def test_the_threshold_is_the_specs():
    assert judged(DENSE, PAID, 0.8, independent=60).verdict == "fail"


def test_the_best_paid_failures_come_first_and_one_of_each_kind():
    failures = [rollout(0.8)] * 9 + [rollout(1.0)] * 9 + [rollout(0.9)]
    found = judged([*DENSE, *failures], PAID, 0.75, independent=60)
    assert [one.reward for one in found.offenders] == [1.0, 0.9, 0.83, 0.8, 1.0]


def test_members_of_a_group_do_not_count_as_evidence():
    assert judged(DENSE, PAID, 1.0, independent=16).decides_at == 59


@pytest.mark.parametrize(
    ("hits", "misses", "area"),
    [([1.0], [0.0], 1.0), ([0.0], [1.0], 0.0), ([1, 0], [1, 0], 0.5), ([], [1.0], None)],
)
def test_auc(hits, misses, area):
    assert auc(hits, misses) == area
