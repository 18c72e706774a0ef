"""Each kind of component by a table: what was expected, what was answered, what is paid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.errors import CodeFailed
from mrlc.runtime.reward import Reward
from mrlc.runtime.rollout.trajectory import (
    Answer,
    StopCause,
    ToolCall,
    ToolResult,
    Trajectory,
    Turn,
)
from mrlc.runtime.task import Task
from mrlc.schemas import reward as schema

NONE = object()


def reward(*components: dict[str, Any], inputs: Path = Path(), **more: Any) -> Reward:
    named = [{"name": f"c{index}", **one} for index, one in enumerate(components)]
    declared = json.dumps({"components": named, **more})
    return Reward.load(schema.Reward.model_validate_json(declared), inputs)


def answered(answer: Any, expected: Any = None, turns: tuple[Turn, ...] = ()) -> Trajectory:
    task = Task("t1", "train", {"expected": expected, "bike": "1"})
    given_ = None if answer is NONE else Answer(answer)
    return Trajectory(task, 0, (), turns, StopCause.ANSWERED, given_)


def called(*turns: list[tuple[str, dict[str, Any] | None, bool]]) -> tuple[Turn, ...]:
    """Turns of calls: name, arguments, whether the tool answered without an error."""
    return tuple(
        Turn(
            "",
            (),
            (),
            tuple(ToolCall(name, arguments) for name, arguments, _ in calls),
            tuple(ToolResult("", is_error=not is_good) for _, _, is_good in calls),
        )
        for calls in turns
    )


EXACT = {"kind": "exact", "against": "task.expected"}
FIELDS = {"kind": "field_accuracy", "against": "task.expected"}
NUMERIC = {"kind": "numeric", "against": "task.expected"}
REGEX = {"kind": "regex", "pattern": "J[0-9]+"}
OBJECT = {"kind": "json_schema", "schema": {"type": "object", "required": ["job"]}}
CONTAINS = {"kind": "contains", "against": "task.expected"}
FUZZY = {"kind": "fuzzy", "against": "task.expected"}


@pytest.mark.parametrize(
    ("declared", "expected", "answer", "paid"),
    [
        (EXACT, {"a": 1, "b": 2}, {"b": 2.0, "a": 1}, 1),
        (EXACT, {"a": 1}, {"a": 1, "b": 2}, 0),
        (EXACT, 1, True, 0),
        (EXACT, 1, NONE, 0),
        (EXACT, None, NONE, 0),
        ({**FIELDS, "fields": {"a": 3, "b": 1}}, {"a": 1, "b": 2}, {"a": 1, "b": 0}, 0.75),
        ({**FIELDS, "fields": {"a": 1}}, {"a": 1, "b": 2}, {"a": 1}, 1),
        ({**FIELDS, "fields": {"a": 0.1, "b": 0.2}}, {"a": 1, "b": 2}, {"a": 1, "b": 2}, 1),
        ({**FIELDS, "fields": {"no": 1}}, {"a": 1}, {"a": 1}, 0),
        (NUMERIC, 40, 40.0, 1),
        (NUMERIC, 40, 41, 0),
        (NUMERIC, "40", "4e1", 1),
        (NUMERIC, 1, True, 0),
        (NUMERIC, 1, "one", 0),
        (NUMERIC, 1, 10**400, 0),
        (NUMERIC, 1, NONE, 0),
        ({**NUMERIC, "absolute": 0.1}, 0.2, 0.3, 1),
        ({**NUMERIC, "relative": 0.05}, -40, -42, 1),
        ({**NUMERIC, "relative": 0.05, "absolute": 3}, 40, 43, 1),
        ({**NUMERIC, "absolute": 1, "partial": True}, 40, 44, 0.25),
        ({**NUMERIC, "field": "n"}, 40, {"n": 40}, 1),
        ({**NUMERIC, "field": "n"}, 40, {"m": 40}, 0),
        ({"kind": "one_of", "values": [1, "x"]}, None, 1.0, 1),
        ({"kind": "one_of", "values": [1, "x"]}, None, True, 0),
        ({"kind": "one_of", "values": [None]}, None, NONE, 0),
        ({"kind": "one_of", "against": "task.expected"}, ["J1", "J2"], "J2", 1),
        ({"kind": "one_of", "against": "task.expected"}, "J1", "J1", 0),
        (REGEX, None, "J417", 1),
        (REGEX, None, "see J417", 0),
        (REGEX, None, "J417\n", 0),
        (REGEX, None, "J" + "1" * 4_000, 0),
        ({"kind": "regex", "pattern": "[0-9]+"}, None, 417, 1),
        (REGEX, None, NONE, 0),
        (OBJECT, None, {"job": 1}, 1),
        (OBJECT, None, {}, 0),
        (OBJECT, None, '{"job": 1}', 1),
        (OBJECT, None, '{"job": 1, "job": 2}', 0),
        (OBJECT, None, "job", 0),
        (OBJECT, None, NONE, 0),
        ({"kind": "json_schema", "schema": {"type": "integer"}}, None, True, 0),
        ({"kind": "json_schema", "field": "x", "schema": {"type": "string"}}, 0, {"x": "1"}, 1),
        (CONTAINS, "J1", "the job is J1", 1),
        (CONTAINS, "J1", "j1", 0),
        (CONTAINS, 4, "in 4 days", 1),
        (CONTAINS, "", "x", 0),
        (CONTAINS, "J1", NONE, 0),
        (FUZZY, "the front brake", "The front brake.", 1),
        (FUZZY, "the front brake", "front brake", 0.8),
        (FUZZY, "the front brake", "the rear light", 1 / 3),
        (FUZZY, "...", "...", 1),
        (FUZZY, "...", "x", 0),
        (FUZZY, "x", NONE, 0),
    ],
)
def test_paid(declared: dict[str, Any], expected: Any, answer: Any, paid: float) -> None:
    found = reward(declared).score(answered(answer, expected))
    assert found is not None
    assert found.total == pytest.approx(paid)
    assert found.turns == ()


def test_a_schema_of_itself_ends_on_deep_answers() -> None:
    declared = {"kind": "json_schema", "schema": {"items": {"$ref": "#"}, "type": "array"}}
    found = reward(declared).score(answered("[" * 900 + "]" * 900))
    assert found is not None
    assert found.total in (0, 1)


FIND = ("find", {"bike": "1"}, True)
OTHER = ("find", {"bike": "2"}, True)
FAILED = ("find", {"bike": "1"}, False)
BROKEN = ("find", None, False)
CALLED: dict[str, Any] = {"kind": "tool_called", "tool": "find"}


@pytest.mark.parametrize(
    ("declared", "turns", "paid"),
    [
        (CALLED, [[FIND]], 1),
        (CALLED, [[FAILED], []], 0),
        ({**CALLED, "succeeded": False}, [[FAILED]], 1),
        ({**CALLED, "tool": "book"}, [[FIND]], 0),
        ({**CALLED, "min_times": 2}, [[FIND]], 0),
        ({**CALLED, "min_times": 2}, [[FIND, OTHER]], 1),
        ({**CALLED, "max_times": 1}, [[FIND], [FIND]], 0),
        ({**CALLED, "min_times": 0, "max_times": 0}, [[]], 1),
        ({**CALLED, "arguments": {"bike": "task.bike"}}, [[OTHER]], 0),
        ({**CALLED, "arguments": {"bike": "task.bike"}}, [[OTHER], [FIND]], 1),
        ({**CALLED, "arguments": {"bike": "2"}}, [[OTHER]], 1),
        ({**CALLED, "arguments": {"bike": "2"}, "succeeded": False}, [[BROKEN]], 0),
    ],
)
def test_tool_called(declared: dict[str, Any], turns: list[Any], paid: float) -> None:
    found = reward(declared).score(answered(NONE, turns=called(*turns)))
    assert found is not None
    assert found.total == paid


def test_a_call_without_a_result_was_never_made() -> None:
    last = Turn("", (), (), (ToolCall("find", {}),))
    found = reward(CALLED).score(answered(NONE, turns=(last,)))
    assert found is not None
    assert found.total == 0


@pytest.mark.parametrize(
    ("turns", "times", "paid"),
    [
        ([[FIND, FIND], [], [FIND], [FIND]], 3, (2 / 3, 0, 1 / 3, 0)),
        ([[FAILED], [FIND]], 1, (0, 1)),
        ([[FIND] * 7], 7, (1,)),
        ([], 2, ()),
    ],
)
def test_paid_by_turn(turns: list[Any], times: int, paid: tuple[float, ...]) -> None:
    declared = {**CALLED, "per": "turn", "min_times": times, "weight": 0.5}
    found = reward(declared, {**EXACT, "weight": 0.5}).score(
        answered("x", "x", turns=called(*turns))
    )
    assert found is not None
    assert found.turns == pytest.approx([0.5 * one for one in paid])
    assert found.total == pytest.approx(0.5 + 0.5 * sum(paid))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("return [0.5, 0.25]", (0.5, 0.25)),
        ("return [1 / 3] * 2", (1 / 3, 1 / 3)),
        ("return 0.5", "TypeError: returned float, not a list of one number a turn"),
        ("return [0.5]", "ValueError: returned 1 numbers for 2 turns"),
        ("return [0.5, 0.6]", "ValueError: returned numbers that add up to 1.1, not to 1 at most"),
        ("return [0.5, -0.5]", "ValueError: returned -0.5, not a number from 0 to 1"),
    ],
)
def test_python_by_turn(tmp_path: Path, code: str, found: Any) -> None:
    (tmp_path / "pay.py").write_text(f"def pay(t): {code}")
    declared = {"kind": "python", "python": "pay.py:pay", "per": "turn"}
    built = reward(declared, inputs=tmp_path)
    trajectory = answered("x", turns=called([], []))
    if isinstance(found, tuple):
        score = built.score(trajectory)
        assert score is not None
        assert score.turns == pytest.approx(found)
        return
    with pytest.raises(CodeFailed) as caught:
        built.score(trajectory)
    assert caught.value.message.endswith(found)


RIGHT = {**EXACT, "name": "right"}
FORM = {"kind": "answered", "name": "form"}
LOOKED = {**CALLED, "name": "looked"}


@pytest.mark.parametrize(
    ("components", "answer", "paid"),
    [
        ([{**FORM, "requires": ["right"]}, {**RIGHT, "weight": 0}], "x", 1),
        ([{**FORM, "requires": ["right"]}, {**RIGHT, "weight": 0}], "y", 0),
        ([{**FORM, "requires": ["right", "looked"]}, {**RIGHT, "weight": 0}, LOOKED], "x", 0),
        # a closed gate keeps those behind it closed
        (
            [
                {**FORM, "name": "last", "requires": ["form"]},
                {**FORM, "requires": ["right"], "weight": 0.5},
                {**RIGHT, "weight": 0},
            ],
            "y",
            0,
        ),
        ([{**RIGHT, "weight": 0.5}, {**FORM, "weight": -0.5, "requires": ["right"]}], "x", 0),
    ],
)
def test_gates(components: list[dict[str, Any]], answer: Any, paid: float) -> None:
    found = reward(*components).score(answered(answer, "x"))
    assert found is not None
    assert found.total == paid


@pytest.mark.parametrize(
    ("more", "paid"),
    [
        ({}, 0.8 * 0.5 - 0.6),
        ({"clip": {}}, 0.0),
        ({"clip": {"low": -0.1, "high": 0.5}}, -0.1),
        ({"combine": "product"}, 0.8 * 0.5 * -0.6),
        ({"combine": "min"}, -0.6),
        ({"combine": "max"}, 0.4),
    ],
)
def test_combinations(more: dict[str, Any], paid: float) -> None:
    declared = reward({**FIELDS, "weight": 0.8}, {**FORM, "weight": -0.6}, **more)
    found = declared.score(answered({"a": 1, "b": 3}, {"a": 1, "b": 2}))
    assert found is not None
    assert found.total == pytest.approx(paid)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=50)
@given(JSON, JSON)
def test_no_value_leaves_0_to_1(expected: Any, answer: Any) -> None:
    kinds = [EXACT, FIELDS, {**NUMERIC, "absolute": 1, "partial": True}, REGEX, OBJECT]
    declared = reward(*kinds, CONTAINS, FUZZY, {"kind": "one_of", "against": "task.expected"})
    found = declared.score(answered(answer, expected))
    assert found is not None
    assert all(0 <= value <= 1 for value in found.components.values())
