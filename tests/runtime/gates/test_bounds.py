"""Verdicts on rates: false passes are rare at any rate, and the count that decides does decide."""

from __future__ import annotations

import random
from math import comb

import pytest

from mrlc.runtime.gates.bounds import above, below, decides_at
from mrlc.runtime.gates.checks import exhaustion, token_cap
from mrlc.runtime.gates.share import share_below
from mrlc.runtime.rollout.trajectory import StopCause
from tests.runtime.gates.conftest import ended

VERDICTS = [
    (0, 58, "insufficient evidence"), (0, 59, "pass"), (1, 92, "insufficient evidence"),
    (1, 93, "pass"), (3, 100, "insufficient evidence"), (20, 100, "fail"), (0, 0, "insufficient evidence"),
]  # fmt: skip


@pytest.mark.parametrize(("k", "n", "verdict"), VERDICTS)
def test_below_five_percent(k, n, verdict):
    assert below(k, n, 0.05) == verdict


def chance(verdict: str, decide, n: int, rate: float, limit: float) -> float:
    """The exact chance of a verdict at a true rate."""
    return sum(
        comb(n, k) * rate**k * (1 - rate) ** (n - k)
        for k in range(n + 1)
        if decide(k, n, limit) == verdict
    )


@pytest.mark.parametrize("limit", [token_cap.LIMIT, exhaustion.LIMIT, 0.2])
@pytest.mark.parametrize("n", [29, 59, 93, 128, 240])
def test_false_verdicts_have_a_chance_of_at_most_five_percent(limit, n):
    assert chance("pass", below, n, limit, limit) <= 0.05
    assert chance("fail", below, n, limit - 1e-9, limit) <= 0.05
    assert chance("pass", above, n, limit, limit) <= 0.05
    assert chance("fail", above, n, limit + 1e-9, limit) <= 0.05


def test_tasks_that_differ_make_false_passes_rarer():
    """Every task once, a twentieth of them always cut: the pooled rate is at the limit."""
    stream = random.Random(1)
    passes = 0
    for _ in range(2_000):
        rates = [stream.choice([0.0, 0.1]) for _ in range(93)]
        mean = sum(rates) / len(rates)
        k = sum(stream.random() < rate for rate in rates)
        passes += below(k, len(rates), mean) == "pass" if mean else 0
    assert passes / 2_000 <= 0.05


@pytest.mark.parametrize("k", range(9))
def test_the_count_that_decides(k):
    n = 100
    more = decides_at(k, n, lambda hits, trials: below(hits, trials, 0.05))
    if k == 5:
        assert more is None
    elif below(k, n, 0.05) == "insufficient evidence":
        assert more is not None
        assert more > n
        assert below(round(k / n * more), more, 0.05) != "insufficient evidence"


def test_share_of_rollouts():
    rollouts = ended({StopCause.TURN_TOKENS: 3, StopCause.ANSWERED: 97})
    found = share_below(
        rollouts, {StopCause.TURN_TOKENS}, limit=0.05, what="are cut", help="raise it"
    )
    assert (found.verdict, found.help) == ("insufficient evidence", "raise it")
    assert found.said == "3 of 100 are cut: at most 7.6%, the limit is 5%"
    assert found.decides_at is not None
    assert [one.why for one in found.offenders] == ["are cut"] * 3
