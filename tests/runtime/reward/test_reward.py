from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.errors import CodeFailed, PlanFault
from mrlc.runtime.reward import Reward, RewardScore
from mrlc.runtime.rollout.trajectory import Answer, StopCause, Trajectory
from mrlc.runtime.task import Task
from mrlc.schemas import reward as schema

FIELDS = {"kind": "field_accuracy", "name": "fields", "against": "task.expected"}
ANSWERED = {"kind": "answered", "name": "format"}


def reward(*components: dict[str, Any], inputs: Path = Path()) -> Reward:
    declared = json.dumps({"components": components})
    return Reward.load(schema.Reward.model_validate_json(declared), inputs)


def trajectory(expected: Any, answer: Any = None, stop: str = "answered") -> Trajectory:
    task = Task("t1", "train", {"expected": expected})
    given = None if answer is None else Answer(answer)
    return Trajectory(task, 0, (), (), StopCause(stop), given)


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [
        ({"a": 1, "b": "x"}, {"a": 1, "b": "x"}, 1.0),
        ({"a": 1, "b": "x"}, {"a": 1, "b": "y"}, 0.5),
        ({"a": 1, "b": "x"}, {"a": 1}, 0.5),
        ({"a": 1}, {"a": 1, "more": 2}, 1.0),  # exactness is the evaluation's business
        ({"a": 1}, {"a": 1.0}, 1.0),
        ({"a": 1}, {"a": True}, 0.0),
        ({"a": None}, {}, 0.0),
        ({"a": 1}, "a", 0.0),
        ({"a": 1}, None, 0.0),
        ({}, {}, 1.0),
        ({}, {"a": 1}, 0.0),
        ("yes", "yes", 1.0),
        ([1, 2], [1, 2.0], 1.0),
        (1, True, 0.0),
    ],
)
def test_field_accuracy(expected: Any, answer: Any, score: float) -> None:
    found = reward(FIELDS).score(trajectory(expected, answer))
    assert found == RewardScore(score, {"fields": score})


@pytest.mark.parametrize(("answer", "score"), [("wrong", 1.0), (None, 0.0)])
def test_answered(answer: Any, score: float) -> None:
    found = reward(ANSWERED).score(trajectory("right", answer))
    assert found == RewardScore(score, {"format": score})


def test_total_is_the_weighted_sum_and_components_are_unweighted() -> None:
    declared = reward({**FIELDS, "weight": 0.9}, {**ANSWERED, "weight": -0.1})
    found = declared.score(trajectory({"a": 1, "b": 2}, {"a": 1, "b": 3}))
    assert found is not None
    assert found.total == pytest.approx(0.9 * 0.5 - 0.1)
    assert list(found.components.items()) == [("fields", 0.5), ("format", 1.0)]


def test_unscorable_is_paid_nothing_and_runs_no_component(tmp_path: Path) -> None:
    (tmp_path / "pay.py").write_text("def pay(t): raise RuntimeError")
    declared = {"kind": "python", "name": "own", "python": "pay.py:pay"}
    found = reward(declared, inputs=tmp_path).score(trajectory(1, stop="environment_error"))
    assert found is None


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("return len(t.turns) == 0", 1.0),
        ("return 0.25", 0.25),
        ("return 0", 0.0),
        ("return -0.1", "ValueError: returned -0.1, not a number from 0 to 1"),
        ("return float('inf')", "ValueError: returned inf, not a number from 0 to 1"),
        ("return '1'", "TypeError: returned str, not a number from 0 to 1"),
        ("return None", "TypeError: returned NoneType, not a number from 0 to 1"),
        ("return t.task.row['x']", "KeyError: 'x' at pay.py:1"),
    ],
)
def test_python(tmp_path: Path, code: str, found: float | str) -> None:
    (tmp_path / "pay.py").write_text(f"def pay(t): {code}")
    own = {"kind": "python", "name": "own", "python": "pay.py:pay"}
    declared = reward(ANSWERED, own, inputs=tmp_path)
    if isinstance(found, float):
        score = declared.score(trajectory("x", "x"))
        assert score is not None
        assert score.components["own"] == found
        return
    with pytest.raises(CodeFailed) as caught:
        declared.score(trajectory("x", "x"))
    assert caught.value.path == "reward.components.1"
    assert caught.value.message == f"component `own` failed on task `t1`: {found}"


def test_python_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(PlanFault) as caught:
        reward({"kind": "python", "name": "own", "python": "no.py:pay"}, inputs=tmp_path)
    assert caught.value.path == "reward.components.0.python"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(JSON, JSON)
def test_field_accuracy_of_any_values_is_from_0_to_1(expected: Any, answer: Any) -> None:
    found = reward(FIELDS).score(trajectory(expected, answer))
    assert found is not None
    assert 0 <= found.total <= 1
