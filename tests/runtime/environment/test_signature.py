from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.environment.signature import InvalidArguments, Signature
from mrlc.runtime.patterns import LONGEST
from mrlc.schemas.tools import Tool

PARAMETERS = {
    "s": {"type": "string", "pattern": r"^A-\d+$"},
    "i": {"type": "integer", "minimum": 0, "maximum": 9},
    "n": {"type": "number", "minimum": 0.5},
    "b": {"type": "boolean"},
    "e": {"type": "string", "enum": ["x", "y"]},
    "z": {"type": "integer", "enum": [1, 2]},
}


def signature(parameters: dict[str, Any]) -> Signature:
    declared = {"name": "t", "parameters": parameters, "python": "a.py:f"}
    return Signature(Tool.model_validate_json(json.dumps(declared)))


OPTIONAL = signature({name: {**one, "required": False} for name, one in PARAMETERS.items()})


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ({}, {}),
        ({"s": "A-12"}, {"s": "A-12"}),
        ({"i": 9, "b": False}, {"i": 9, "b": False}),
        ({"i": 3.0}, {"i": 3}),  # JSON Schema: 3.0 is an integer
        ({"n": 1}, {"n": 1}),
        ({"n": 0.5}, {"n": 0.5}),
        ({"z": 2.0}, {"z": 2}),
        ({"e": "y"}, {"e": "y"}),
    ],
)
def test_valid(given: dict[str, Any], bound: dict[str, Any]) -> None:
    found = OPTIONAL.bind(given)
    assert found == bound
    assert [type(value) for value in found.values()] == [type(value) for value in bound.values()]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, "the arguments must be a JSON object"),
        ({"s": 7}, "`s` must be a string"),
        ({"s": None}, "`s` must be a string"),
        ({"s": "B-1"}, r"`s` must match ^A-\d+$"),
        ({"s": "A-" + "1" * LONGEST}, "`s` must have 4,000 characters at most"),
        ({"i": "3"}, "`i` must be an integer"),
        ({"i": True}, "`i` must be an integer"),
        ({"i": 3.5}, "`i` must be an integer"),
        ({"i": float("inf")}, "`i` must be an integer"),
        ({"i": -1}, "`i` must be at least 0"),
        ({"i": 10**400}, "`i` must be at most 9"),
        ({"n": float("nan")}, "`n` must be a number"),
        ({"n": False}, "`n` must be a number"),
        ({"n": 0.25}, "`n` must be at least 0.5"),
        ({"b": 1}, "`b` must be true or false"),
        ({"b": []}, "`b` must be true or false"),
        ({"e": "z"}, '`e` must be one of "x", "y"'),
        ({"z": 3}, "`z` must be one of 1, 2"),
        ({"S": "A-1"}, "`S` is not a parameter; the parameters are s, i, n, b, e, z"),
    ],
)
def test_invalid(given: Any, reason: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        OPTIONAL.bind(given)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "`a` is required"),
        ({"a": 1, "c": 1}, "`b` is required"),  # missing before unknown before wrong
        ({"a": "x", "b": 1, "c": 1}, "`c` is not a parameter; the parameters are a, b"),
        ({"a": "x", "b": 1}, "`a` must be an integer"),
    ],
)
def test_first_fault_is_told(given: Any, reason: str) -> None:
    with pytest.raises(InvalidArguments, match="^" + reason):
        signature({"a": {"type": "integer"}, "b": {"type": "integer"}}).bind(given)


NESTED = {
    "tags": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
    "lines": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "sku": {"type": "string"},
                "count": {"type": "integer", "minimum": 1, "required": False},
            },
        },
    },
    "who": {"type": "object", "properties": {"name": {"type": "string"}, "ids": {"type": "array"}}},
    "any": {"type": "object"},
    "list": {"type": "array"},
}
INNER = signature({name: {**one, "required": False} for name, one in NESTED.items()})


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ({"tags": []}, {"tags": []}),
        ({"tags": ["y", "x"]}, {"tags": ["y", "x"]}),
        (
            {"lines": [{"sku": "a", "count": 2.0}, {"sku": "b"}]},
            {"lines": [{"sku": "a", "count": 2}, {"sku": "b"}]},
        ),
        ({"who": {"name": "x", "ids": [1, "2", None]}}, {"who": {"name": "x", "ids": [1, "2", None]}}),
        ({"any": {"a": [{}]}, "list": [[None]]}, {"any": {"a": [{}]}, "list": [[None]]}),
    ],
)  # fmt: skip
def test_arrays_and_objects(given: dict[str, Any], bound: dict[str, Any]) -> None:
    assert json.dumps(INNER.bind(given)) == json.dumps(bound)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"tags": "x"}, "`tags` must be an array"),
        ({"tags": ["x", "z"]}, '`tags[1]` must be one of "x", "y"'),
        ({"tags": {"0": "x"}}, "`tags` must be an array"),
        ({"lines": [{"sku": "a"}, {"count": 1}]}, "`lines[1].sku` is required"),
        ({"lines": [{"sku": "a", "count": 0}]}, "`lines[0].count` must be at least 1"),
        ({"lines": [[]]}, "`lines[0]` must be an object"),
        ({"who": []}, "`who` must be an object"),
        ({"who": {"name": "x", "ids": [], "n": 1}}, "`who.n` is not a member; the members are name, ids"),
        ({"who": {"name": "x", "ids": 1}}, "`who.ids` must be an array"),
        ({"list": [1, float("nan")]}, "`list` must hold finite numbers and no deep nesting"),
        ({"any": None}, "`any` must be an object"),
    ],
)  # fmt: skip
def test_invalid_arrays_and_objects(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        INNER.bind(given)
    assert str(caught.value) == reason


def test_deep_nesting_is_refused_and_not_our_end() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidArguments, match="deep nesting"):
        INNER.bind({"list": deep})


def test_a_tool_gets_containers_of_its_own() -> None:
    given = {"tags": ["x"], "who": {"name": "x", "ids": [1]}, "any": {"a": [1]}, "list": [[1]]}
    before = json.dumps(given)
    bound = INNER.bind(given)
    bound["tags"].append("y")
    bound["who"]["ids"].append(2)
    bound["any"]["a"].append(2)
    bound["list"][0].append(2)
    assert json.dumps(given) == before


def test_the_model_is_told_of_nested_values_as_json_schema() -> None:
    declared = {"name": "t", "parameters": NESTED, "python": "a.py:f"}
    schema = Tool.model_validate_json(json.dumps(declared)).json_schema["function"]["parameters"]
    assert schema["required"] == list(NESTED)
    assert schema["properties"]["lines"] == {
        "type": "array",
        "description": "",
        "items": {
            "type": "object",
            "description": "",
            "properties": {
                "sku": {"type": "string", "description": ""},
                "count": {"type": "integer", "description": "", "minimum": 1.0},
            },
            "required": ["sku"],
        },
    }


def test_no_parameters() -> None:
    assert signature({}).bind({}) == {}
    with pytest.raises(InvalidArguments, match=r"^`x` is not a parameter; there are none$"):
        signature({}).bind({"x": 1})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(list(PARAMETERS)) | st.text(), JSON, max_size=4))
def test_any_arguments_are_bound_or_refused_in_one_line(arguments: dict[str, Any]) -> None:
    try:
        reason, bound = "", OPTIONAL.bind(arguments)
    except InvalidArguments as error:
        reason, bound = str(error), arguments
    assert bound == arguments
    assert "\n" not in reason


def test_a_pattern_is_not_tried_on_a_megabyte() -> None:
    """A search from each place to the end is quadratic: this one would take hours."""
    digits = signature({"d": {"type": "string", "pattern": "[0-9]+$"}})
    with pytest.raises(InvalidArguments, match="4,000 characters"):
        digits.bind({"d": "1" * 1_000_000 + "x"})
