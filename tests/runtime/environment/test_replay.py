from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.errors import PlanFault

from .conftest import Build, World

ORDERS = """
    order,amount,paid,weight,note
    A-1,12,true,1.50,gift
    A-2,,false,2,
    A-1,99,true,3,second
    007,5,True,4e1,"a, ""b"", c"
"""
TYPES = {"amount": "integer", "paid": "boolean", "weight": "number"}
ORDER = {"order": {"type": "string"}}


def tool(parameters: dict[str, Any] = ORDER, **replay: Any) -> dict[str, Any]:
    replay = {"table": "orders.csv", "match": {"order": "order"}, "types": TYPES, **replay}
    return {"name": "get", "parameters": parameters, "replay": replay}


@pytest.mark.parametrize(
    ("replay", "arguments", "text"),
    [
        # the first row answers; all columns but the matched, typed, in file order
        ({}, {"order": "A-1"}, '{"amount": 12, "paid": true, "weight": 1.5, "note": "gift"}'),
        # null cells; an integer cell of a number column stays an integer
        ({}, {"order": "A-2"}, '{"amount": null, "paid": false, "weight": 2, "note": null}'),
        ({"returns": ["note", "order"]}, {"order": "A-1"}, '{"note": "gift", "order": "A-1"}'),
        ({"returns": ["note"]}, {"order": "007"}, '{"note": "a, \\"b\\", c"}'),
        ({"null_values": ["gift"], "types": {}, "returns": ["note"]}, {"order": "A-1"}, '{"note": null}'),
        ({"null_values": [""], "types": {}, "returns": ["amount"]}, {"order": "A-1"},
         '{"amount": "12"}'),
        ({}, {"order": "a-1"}, '{"error": "not found"}'),
        ({"missing": "nothing there"}, {"order": "x"}, "nothing there"),
        ({"missing": None}, {"order": "x"}, "null"),
    ],
)  # fmt: skip
def test_result(build: Build, replay: dict[str, Any], arguments: dict[str, Any], text: str) -> None:
    result = build([tool(**replay)], {"orders.csv": ORDERS}).call("get", arguments)
    assert (result.text, result.is_error) == (text, False)


@pytest.mark.parametrize(
    ("kind", "cells", "argument", "is_found"),
    [
        ("string", "7", "7", True),
        ("string", "007", "7", False),
        ("integer", "007", 7, True),  # an untyped column is read as the argument's type
        ("integer", "seven", 7, False),
        ("number", "7.50", 7.5, True),
        ("number", "7", 7.0, True),
        ("number", "true", 1, False),
        ("boolean", "TRUE", True, True),
        ("boolean", "1", True, False),
    ],
)
def test_untyped_csv_column_is_matched_as_its_argument(
    build: Build, kind: str, cells: str, argument: Any, is_found: bool
) -> None:
    world = build(
        [tool({"order": {"type": kind}}, types={})], {"orders.csv": f"order,x\n{cells},HERE\n"}
    )
    assert ("HERE" in world.call("get", {"order": argument}).text) == is_found


@pytest.mark.parametrize(
    ("cell", "kind", "argument", "is_found"),
    [
        ("7", "integer", 7, True),
        ("7.0", "integer", 7, True),
        ('"7"', "integer", 7, False),  # JSONL has types, and they count
        ("true", "integer", 1, False),
        ("1", "boolean", True, False),
        ("true", "boolean", True, True),
        ("[7]", "integer", 7, False),
        ('"\\u00e9"', "string", "é", True),
    ],
)
def test_jsonl_table_keeps_its_types(
    build: Build, cell: str, kind: str, argument: Any, is_found: bool
) -> None:
    world = build(
        [tool({"order": {"type": kind}}, table="o.jsonl", types={})],
        {"o.jsonl": f'{{"order": {cell}, "note": {{"ü": 1.0}}}}\n'},
    )
    text = '{"note": {"ü": 1.0}}' if is_found else '{"error": "not found"}'
    assert world.call("get", {"order": argument}).text == text


def test_match_on_two_columns_and_an_argument_left_out(build: Build) -> None:
    parameters = {"a": {"type": "string"}, "b": {"type": "integer", "required": False}}
    world = build(
        [tool(parameters, match={"a": "a", "b": "b"}, returns=["r"], types={})],
        {"orders.csv": "a,b,r\nx,1,one\nx,,none\ny,1,other\n"},
    )
    results = [{"a": "x", "b": 1}, {"a": "x"}, {"a": "y", "b": 1}, {"a": "y"}]
    assert [world.call("get", arguments).text for arguments in results] == [
        '{"r": "one"}',
        '{"r": "none"}',
        '{"r": "other"}',
        '{"error": "not found"}',
    ]


@pytest.mark.parametrize(
    ("mode", "extra", "is_error"),
    [
        ("strict", {"why": "x"}, True),
        ("strict", {"made_up": 1}, True),
        ("by_key", {"why": "x"}, False),
        ("by_key", {"made_up": [{}]}, False),
        ("by_key", {"why": 3}, True),  # declared, so its type counts
    ],
)
def test_arguments_outside_match(
    build: Build, mode: str, extra: dict[str, Any], is_error: bool
) -> None:
    parameters = {**ORDER, "why": {"type": "string", "required": False}}
    world = build([tool(parameters, mode=mode)], {"orders.csv": ORDERS})
    assert world.call("get", {"order": "A-1", **extra}).is_error == is_error


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"orders.csv": "order,amount,paid,weight\nA,12.5,true,1\n"},
            "orders.csv: row 1: `amount` is `12.5`, which is no integer",
        ),
        ({"orders.csv": "order\nA,b\n"}, "orders.csv: line 2 has more cells than the header"),
    ],
)
def test_unusable_table(build: Build, files: dict[str, str], message: str) -> None:
    with pytest.raises(PlanFault) as caught:
        build([tool()], files)
    assert (caught.value.path, caught.value.message) == (
        "environment.tools.0.replay.table",
        message,
    )


TRIPS = """
    city,day,seats,extra
    Bern,2026-01-02,4,"{""a"": [1, 2]}"
    bern ,2026-01-03,5,null
    Chur,2026-01-02,6,
"""
PLACE = {
    "city": {"type": "string", "required": False},
    "day": {"type": "string", "required": False},
}


def trips(**replay: Any) -> dict[str, Any]:
    types = {"seats": "integer", "extra": "json"}
    match = {"city": "city", "day": "day"}
    given_ = {"match": match, "returns": ["seats"], "types": types, "table": "trips.csv"}
    return tool(PLACE, **{**given_, **replay})


@pytest.mark.parametrize(
    ("replay", "arguments", "value"),
    [
        ({"optional": "any"}, {"city": "Bern"}, {"seats": 4}),
        ({"optional": "any"}, {"day": "2026-01-03"}, {"seats": 5}),
        ({"optional": "any"}, {}, {"seats": 4}),
        ({"optional": "null"}, {"city": "Bern"}, {"error": "not found"}),
        ({"optional": "any", "many": True}, {"day": "2026-01-02"}, [{"seats": 4}, {"seats": 6}]),
        ({"optional": "any", "many": True, "max_rows": 2}, {}, [{"seats": 4}, {"seats": 5}]),
        ({"many": True, "missing": []}, {"city": "Ulm"}, []),
        ({"many": True}, {"city": "Chur", "day": "2026-01-02"}, [{"seats": 6}]),
        (
            {"optional": "any", "many": True, "normalise": ["trim", "casefold"]},
            {"city": "  BERN"},
            [{"seats": 4}, {"seats": 5}],
        ),
        ({"returns": ["extra"]}, {"city": "Bern", "day": "2026-01-02"}, {"extra": {"a": [1, 2]}}),
        ({"returns": ["extra"]}, {"city": "bern ", "day": "2026-01-03"}, {"extra": None}),
        ({"normalise": ["nfc"]}, {"city": "Cafe\u0301"}, {"error": "not found"}),
    ],
)
def test_several_rows_and_optional_arguments(
    build: Build, replay: dict[str, Any], arguments: dict[str, Any], value: Any
) -> None:
    result = build([trips(**replay)], {"trips.csv": TRIPS}).call("get", arguments)
    assert json.loads(result.text) == value


def test_composed_and_decomposed_letters_are_one_key(build: Build) -> None:
    world = build(
        [tool(normalise=["nfc"], types={}, returns=["x"])], {"orders.csv": "order,x\nCaf\u00e9,1\n"}
    )
    assert world.call("get", {"order": "Cafe\u0301"}).text == '{"x": "1"}'


@pytest.mark.parametrize("is_error", [False, True])
def test_missing_may_be_an_error(build: Build, is_error: bool) -> None:
    world = build(
        [tool(missing={"found": False}, missing_is_error=is_error)], {"orders.csv": ORDERS}
    )
    result = world.call("get", {"order": "x"})
    assert (result.text, result.is_error) == ('{"found": false}', is_error)


def test_bad_json_cell(build: Build) -> None:
    with pytest.raises(PlanFault, match=r"row 1: `extra` is `\{1\}`, which is no json"):
        build([trips()], {"trips.csv": "city,day,seats,extra\na,b,1,{1}\n"})


KEYS = st.sampled_from([1, 1.0, 2, True, False, "1", "a", None, 10**30])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(KEYS, st.integers(0, 9)), min_size=1, max_size=6), st.randoms())
def test_order_of_later_equal_rows_does_not_count(
    build: Build, rows: list[tuple[Any, int]], random: Any
) -> None:
    """Only which row of a key comes first counts, and keys are equal as JSON has it."""
    firsts = [row for i, row in enumerate(rows) if not any(_same(row[0], k) for k, _ in rows[:i])]
    rest = [row for row in rows if row not in firsts]
    random.shuffle(rest)
    for kind, asked in (("integer", 1), ("boolean", True), ("string", "1"), ("integer", 10**30)):
        replay = {"table": "k.jsonl", "types": {}, "match": {"order": "k"}}
        one, two = (
            build(
                [tool({"order": {"type": kind}}, **replay)],
                {"k.jsonl": "".join(json.dumps({"k": k, "v": v}) + "\n" for k, v in written)},
            ).call("get", {"order": asked})
            for written in (rows, firsts + rest)
        )
        assert one.text == two.text
        expected = next((v for k, v in rows if _same(k, asked)), None)
        found = {"error": "not found"} if expected is None else {"v": expected}
        assert json.loads(one.text) == found


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


@pytest.fixture(scope="module")
def hostile(build: Build) -> World:
    options = {"many": True, "optional": "any", "normalise": ["trim", "casefold", "nfc"]}
    guards = [{"unless": "length(city) < 99 or shown(city)", "reply": {"error": "no"}}]
    declared = {**trips(**options), "grounded": ["day"], "guards": guards}
    return build([declared], {"trips.csv": TRIPS})


HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(["x" * 1_000_000, "\ud800", "İ" * 9999, "a\u0301" * 9999, " " * 99_999]),
    st.recursive(st.none() | st.booleans() | st.floats(), st.lists, max_leaves=4),
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE)
def test_hostile_arguments_give_a_result(hostile: World, city: Any, day: Any) -> None:
    for arguments in ({"city": city}, {"day": day}, {"city": city, "day": day}):
        hostile.call("get", arguments).text.encode()
