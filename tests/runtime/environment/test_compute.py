from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.errors import PlanFault

from .conftest import Build, World

PARAMETERS = {
    "amount": {"type": "number"},
    "tier": {"type": "string", "required": False},
    "member": {"type": "boolean", "required": False},
}
ROWS = [
    {"when": {"amount": "> 1000"}, "then": {"ok": False}},
    {"when": {"tier": "gold | silver", "amount": "100..500"}, "then": {"ok": True, "rate": 0.1}},
    {"when": {"tier": "null", "member": True}, "then": {"ok": True, "rate": 0.2}},
    {"when": {"tier": "= null"}, "then": {"ok": True, "rate": 0.3}},
    {"when": {"tier": "!= gold", "amount": 7}, "then": {"ok": True, "rate": 0.4}},
]
RULES = """
    amount,tier,rate,note
    <= 10,-,1,"[1, 2]"
    ,gold,2,
"""


def tool(**compute: Any) -> dict[str, Any]:
    return {"name": "rate", "parameters": PARAMETERS, "compute": compute}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"amount": 2000, "tier": "gold"}, '{"ok": false}'),  # the first row that holds decides
        ({"amount": 100, "tier": "gold"}, '{"ok": true, "rate": 0.1}'),
        ({"amount": 500.0, "tier": "silver"}, '{"ok": true, "rate": 0.1}'),
        ({"amount": 99.9, "tier": "gold"}, '{"error": "no rule covers these arguments"}'),
        ({"amount": 1, "member": True}, '{"ok": true, "rate": 0.2}'),
        ({"amount": 1, "tier": "null"}, '{"ok": true, "rate": 0.3}'),
        ({"amount": 7}, '{"ok": true, "rate": 0.4}'),
    ],
)
def test_decision(build: Build, arguments: dict[str, Any], text: str) -> None:
    result = build([tool(table={"rows": ROWS})]).call("rate", arguments)
    assert result.text == text
    assert result.is_error == ("error" in text)


def test_table_of_a_file_with_formulas(build: Build) -> None:
    table = {
        "file": "rules.csv",
        "when": ["amount", "tier"],
        "types": {"rate": "integer", "note": "json"},
        "default": {"rate": 0, "note": None},
    }
    returns = {"fee": "amount * rate", "is_free": "fee == 0", "first": "note[0]"}
    world = build([tool(table=table, returns=returns)], {"rules.csv": RULES})
    texts = [world.call("rate", one).text for one in (
        {"amount": 4}, {"amount": 20, "tier": "gold"}, {"amount": 20, "tier": "tin"}
    )]  # fmt: skip
    assert texts == [
        '{"fee": 4, "is_free": false, "first": 1}',
        '{"fee": 40, "is_free": false, "first": null}',
        '{"fee": 0, "is_free": true, "first": null}',
    ]
    plain = build([tool(table=table)], {"rules.csv": RULES})
    assert plain.call("rate", {"amount": 4}).text == '{"rate": 1, "note": [1, 2]}'


def test_no_value_is_the_tools_own_error(build: Build) -> None:
    result = build([tool(returns={"each": "100 / amount"})]).call("rate", {"amount": 0})
    assert (result.text, result.is_error) == (
        '{"error": "no value for each: a division by zero"}',
        True,
    )


def test_task_is_known(build: Build) -> None:
    result = build([tool(returns={"n": "length(task.items) + amount"})]).call("rate", {"amount": 1})
    assert result.text == '{"n": 2}'


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"rows": [{"when": {"amount": "< x"}, "then": {"a": 1}}]}, "row 1: `x` is not a number"),
        ({"rows": [{"when": {"amount": "9..1"}, "then": {"a": 1}}]}, "ends before it begins"),
        ({"rows": [{"when": {"member": "< true"}, "then": {"a": 1}}]}, "have no order"),
        ({"rows": [{"when": {"tier": 5}, "then": {"a": 1}}]}, "`5` is not a text"),
    ],
)
def test_table_that_cannot_be_read(build: Build, table: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanFault) as caught:
        build([tool(table=table)])
    assert caught.value.path == "environment.tools.0.compute.table"
    assert message in caught.value.message


@pytest.fixture(scope="module")
def hostile(build: Build) -> World:
    returns = {"a": "amount * amount", "b": "tier + tier", "c": "upper(tier)", "d": "number(tier)"}
    return build([tool(table={"rows": ROWS, "default": {}}, returns=returns)])


@settings(max_examples=60, deadline=None)
@given(
    st.integers() | st.floats() | st.sampled_from([10**399, 1e308, True, [[]], {"a": {}}]),
    st.text() | st.sampled_from(["x" * 100_000, "\ud800", "{{ 1 }}", "__class__"]),
)
def test_hostile_arguments_give_a_result(hostile: World, amount: Any, tier: str) -> None:
    hostile.call("rate", {"amount": amount, "tier": tier}).text.encode()
