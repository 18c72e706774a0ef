"""The guide on runs that it was not tuned on: how often it is wrong, and how late.

On 300 fresh runs that need nobody it was silent; of 30 with each symptom it told all where few
episodes decide. A hack or a stall among few tasks a step, or with an evaluation every 20 steps,
is often not sure before such a run is over, and of what is not sure it says nothing.
"""

from __future__ import annotations

import pytest

from mrlc.runtime.alerts.watch import Watch
from mrlc.schemas.guide import GUIDE
from tests.runtime.alerts.conftest import fired
from tests.runtime.alerts.drawn import HEALTHY, Drawn, healthy, sick

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

FOUND = {
    "flat-from-start": 1.0,
    "groups-alike": 0.8,
    "reward-hacked": 0.35,
    "reward-collapsed": 1.0,
    "reward-stalled": 0.5,
    "token-cap": 1.0,
    "turns-exhausted": 1.0,
}
"""rule → the least share of twenty runs with its symptom in which it fires."""


def said(run: Drawn) -> list[tuple[str, int]]:
    return [(one.rule, one.step) for one in fired(Watch.of(run.experiment), run.rows())]


def test_runs_that_need_nobody_are_silent() -> None:
    """2% may be wrong."""
    count = 15 * len(HEALTHY)
    wrong = {seed: alerts for seed in range(5000, 5000 + count) if (alerts := said(healthy(seed)))}
    assert len(wrong) <= 0.02 * count, wrong


@pytest.mark.parametrize("rule", GUIDE)
def test_a_symptom_is_told_and_not_before_it_is_there(rule: str) -> None:
    found, strange = 0, 0
    for seed in range(5000, 5020):
        run, begins = sick(rule, seed)
        told = said(run)
        own = [step for name, step in told if name == rule]
        assert not own or own[0] >= begins
        found += bool(own)
        strange += any(name != rule for name, _ in told)
    assert found >= 20 * FOUND[rule]
    assert strange <= 2
