"""When a rule fires: a table of conditions, then dwell, hysteresis, cool-down and resuming."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.alerts.conftest import fired, watch_of

NONE = None
M = "rollout/turns/mean"


def steps(rule: dict[str, Any], values: list[float | None], metric: str = M) -> list[int]:
    """The steps at which a rule fires on a series; None is a step without a value."""
    rows = [
        (step, {} if value is None else {metric: value}) for step, value in enumerate(values, 1)
    ]
    return [one.step for one in fired(watch_of({"metric": metric, "cool_down": 0} | rule), rows)]


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ({"above": 7}, [7, 7.1, 8, 6, 8], [2, 5]),
        ({"below": 7}, [7, 6.9, 8, 6], [2, 4]),
        ({"above": 7, "for_steps": 3}, [8, 8, 6, 8, 8, 8, 8], [6]),
        ({"above": 7, "clear": 5}, [8, 6, 8, 5, 8], [1, 5]),
        ({"above": 7, "cool_down": 3}, [8, 6, 8, 6, 8, 6], [1, 5]),
        ({"above": 7, "cool_down": 3}, [8, 6, 8, 8, 8, 8], [1, 5]),
        ({"above": 7, "after_step": 3}, [8, 8, 8, 8, 8], [4]),
        ({"above": 7, "until_step": 2, "for_steps": 3}, [8, 8, 8, 8], []),
        # A value counts once: no second look at an old one, and a gap is no value.
        ({"above": 7, "for_steps": 2}, [8, NONE, NONE, 8], [4]),
        ({"above": 7, "for_steps": 2}, [8, NONE, NONE, 6, 8], []),
        ({"above": 7}, [math.nan, math.inf, 8], [3]),
        ({"rising": 2, "window": 4}, [1, 2, 3, 4, 5], [4]),
        ({"rising": 4, "window": 4}, [1, 2, 3, 4, 5], []),
        ({"falling": 2, "window": 4}, [5, 4, 3, 2], [4]),
        ({"not_rising": 0.5, "window": 4}, [1, 1, 1, 1], [4]),
        ({"not_rising": 0.5, "window": 4}, [1, 2, 3, 3, 3, 3], [6]),
        ({"rising": 2, "window": 3}, [1, 2, 3, 4], []),  # three points are sure of nothing
        ({"below_best": 0.2, "window": 2}, [5, 5, 5, 0.5, 0.5], [5]),
        ({"below_best": 0.2, "window": 2, "best": 6}, [5, 5, 5, 0.5, 0.5], []),
        ({"missing_for": 2}, [1, NONE, NONE, NONE, 1, NONE, NONE], [3, 7]),
        ({"missing_for": 3}, [NONE, NONE, NONE], [3]),
    ],
)
def test_a_rule_fires_at_its_step(
    rule: dict[str, Any], values: list[float | None], expected: list[int]
) -> None:
    assert steps(rule, values) == expected


@pytest.mark.parametrize(
    ("share", "groups", "fires"),
    [(0.05, 16, False), (0.07, 16, False), (0.10, 16, True), (0.10, 2, False)],
)
def test_a_share_counts_groups(share: float, groups: int, fires: bool) -> None:
    """Ten steps: of 160 groups 16 are surely above 5%, of 20 two are not."""
    row = {"rollout/no_action": share, "rollout/episodes": 8.0 * groups}
    rule = {"metric": "rollout/no_action", "share_above": 0.05, "window": 10}
    found = fired(watch_of(rule), [(step, row) for step in range(1, 15)])
    assert [one.step for one in found] == ([10] if fires else [])


def test_a_share_counts_the_episodes_whose_environment_held() -> None:
    """A tenth of 160 groups is surely above 5%; of the 40 that did not break it is not."""
    row = {"rollout/no_action": 0.10, "rollout/episodes": 128.0, "rollout/env_error": 0.75}
    rule = {"metric": "rollout/no_action", "share_above": 0.05, "window": 10}
    assert fired(watch_of(rule), [(step, row) for step in range(1, 15)]) == []
    of_all = {"metric": "rollout/env_error", "share_above": 0.6, "window": 10}
    assert len(fired(watch_of(of_all), [(step, row) for step in range(1, 15)])) == 1


def test_a_ratio_needs_both_metrics_and_no_zero() -> None:
    rule = {"metric": "a", "over": "b", "above": 2.0}
    rows = [{"a": 9.0}, {"b": 1.0}, {"a": 9.0, "b": 0.0}, {"a": 9.0, "b": 3.0}]
    found = fired(watch_of(rule), enumerate(rows, 1))
    assert [one.step for one in found] == [4]
    assert found[0].evidence["conditions"][0]["value"] == 3.0


def test_all_and_any() -> None:
    rule = {
        "all": [{"metric": "a", "above": 1}],
        "any": [{"metric": "b", "above": 1}, {"metric": "c", "above": 1}],
    }
    rows = [{"a": 2, "b": 0}, {"a": 0, "b": 2}, {"a": 2, "c": 2}]
    (one,) = fired(watch_of(rule), enumerate(rows, 1))
    assert one.step == 2 or one.step == 3
    assert one.symptom == "a above 1, and b above 1 or c above 1"


def test_of_alternatives_the_shortest_that_holds_says_since_when() -> None:
    """What holds for long as well does not put the beginning, and a roll-back, further back."""
    short, long = ({"metric": M, "rising": 0.1, "window": steps} for steps in (4, 8))
    rows = [(step, {M: float(step)}) for step in range(1, 20)]
    (either,) = fired(watch_of({"any": [long, short], "after_step": 10}), rows)
    assert (either.step, either.evidence["since"]) == (11, 1)
    (both,) = fired(watch_of({"all": [short, long]}), rows)
    assert (both.step, both.evidence["since"]) == (8, 1)
    (later,) = fired(watch_of({"all": [{"metric": M, "above": 9.5}], "any": [long, short]}), rows)
    assert (later.step, later.evidence["since"]) == (10, 7)


def test_a_firing_carries_its_evidence_as_json() -> None:
    rule = {
        "metric": M,
        "rising": 2,
        "window": 4,
        "symptom": "too chatty",
        "first_change": "ask less",
    }
    (one,) = fired(watch_of(rule | {"then": ["stop", {"notify": "ops"}]}), _rising())
    assert (one.rule, one.symptom, one.first_change) == ("rule-0", "too chatty", "ask less")
    assert (one.actions, one.notify) == (("stop",), ("ops",))
    (condition,) = one.evidence["conditions"]
    assert one.evidence["since"] == 1
    assert condition["surely_above"] == pytest.approx(4.0)
    assert condition["values"] == [[1, 1.0], [2, 2.0], [3, 3.0], [4, 4.0]]
    assert json.loads(json.dumps(one.as_json(), allow_nan=False))["rule"] == "rule-0"


def _rising() -> list[tuple[int, dict[str, float]]]:
    return [(step, {M: float(step)}) for step in range(1, 5)]


EVERY_KIND: list[dict[str, Any]] = [
    {"metric": "a", "above": 0.6, "clear": 0.4, "for_steps": 2, "cool_down": 3},
    {"metric": "a", "rising": 0.1, "window": 5, "confidence": 0.8},
    {"metric": "a", "below_best": 0.5, "window": 2},
    {"metric": "b", "missing_for": 2, "cool_down": 0},
    {"metric": "a", "over": "b", "above": 1.0, "cool_down": 0},
    {"all": [{"metric": "a", "above": 0.3}, {"metric": "b", "not_rising": 0.2, "window": 6}]},
]
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"a": st.floats(0, 1), "b": st.floats(0, 1)}), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(0, 25))
def test_restored_anywhere_it_fires_as_one_left_alone(rows: list[Any], at: int) -> None:
    numbered = list(enumerate(rows, 1))
    alone = fired(watch_of(*EVERY_KIND), numbered)
    before, after = watch_of(*EVERY_KIND), watch_of(*EVERY_KIND)
    found = fired(before, numbered[:at])
    after.restore(json.loads(json.dumps(before.state())))
    assert found + fired(after, numbered[at:]) == alone


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 100), min_size=8, max_size=30), st.sampled_from([0.5, 8.0]))
def test_the_unit_of_a_metric_does_not_matter(values: list[int], scale: float) -> None:
    rule = {"above": 60, "clear": 40, "for_steps": 2}
    scaled = {"above": 60 * scale, "clear": 40 * scale, "for_steps": 2}
    trend = {"rising": 20, "window": 6}, {"rising": 20 * scale, "window": 6}
    plain, other = [float(v) for v in values], [v * scale for v in values]
    assert steps(rule, plain) == steps(scaled, other)
    assert steps(trend[0], plain) == steps(trend[1], other)
