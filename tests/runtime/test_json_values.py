from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.json_values import MAX_DEPTH, dumps, equal, is_json, loads, quote

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize(
    ("left", "right", "are_equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (0.0, -0.0, True),
        ("1", 1, False),
        (None, False, False),
        (None, None, True),
        (10**30, 1e30, False),
        ([1, 2], [1, 2], True),
        ([1, 2], [2, 1], False),
        ([1], [True], False),
        ([1], [1, 1], False),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({}, [], False),
        ("é", "e\u0301", False),
    ],
)
def test_equal(left: Any, right: Any, are_equal: bool) -> None:
    assert equal(left, right) is are_equal
    assert equal(right, left) is are_equal


@settings(deadline=None)
@given(JSON)
def test_written_and_read_again(value: Any) -> None:
    assert equal(loads(dumps(value)), value)
    assert loads(json.dumps(value)) == value


@settings(deadline=None)
@given(JSON, JSON)
def test_equal_is_symmetric_and_true_of_itself(left: Any, right: Any) -> None:
    assert equal(left, left)
    assert equal(left, right) == equal(right, left)


@settings(deadline=None)
@given(st.text())
def test_no_text_raises_but_value_error(text: str) -> None:
    try:
        loads(text)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\nb", '"a\\nb"'), ("x" * 50, '"' + "x" * 38 + "…"), ({"a": [1]}, '{"a": [1]}')],
)
def test_quote(value: Any, text: str) -> None:
    assert quote(value) == text


@pytest.mark.parametrize(
    ("value", "can_be_written"),
    [
        ({"a": [1, 2.5, True, None, "é"]}, True),
        ("\ud800", False),
        ({"\ud800": 1}, False),
        ([float("nan")], False),
        ({"a": float("inf")}, False),
        ({1, 2}, False),
        (json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH), True),
        (json.loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)), False),
        (json.loads('{"a":' * MAX_DEPTH + "[]" + "}" * MAX_DEPTH), False),
    ],
)
def test_is_json(value: Any, can_be_written: bool) -> None:
    assert is_json(value) is can_be_written


def test_what_is_nested_deeply_is_not_read() -> None:
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(ValueError, match="nested too deeply"):
        loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
