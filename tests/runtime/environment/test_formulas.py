from __future__ import annotations

import contextlib
import json
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.environment.formulas import _FUNCTIONS, NoValue, evaluate
from mrlc.runtime.json_values import equal
from mrlc.schemas.formula import FUNCTIONS, MAX_NUMBER, BadFormula, parse_formula

NAMES: dict[str, Any] = {
    "n": 4,
    "price": 2.5,
    "text": "Gold",
    "yes": True,
    "none": None,
    "order": {"id": "A-1", "items": [1, 2, 3], "tags": {"a": None}},
    "args": {"from": "2026-01-01"},
}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("n * price", 10.0),
        ("7 // 2 + 7 % 2", 4),
        ("-n", -4),
        ("text + '!'", "Gold!"),
        ("n > 3 and not yes", False),
        ("1 < n <= 4", True),
        ("'a' if none == null else 'b'", "a"),
        ("order.id", "A-1"),
        ("order['items'][-1]", 3),
        ("order.items[9]", None),  # `items` is a key, never a method
        ("order.tags.a.b.c", None),
        ("order.keys", None),
        ("args['from'] < '2026-02-01'", True),
        ("days(args['from'], '2026-03-01T10:00')", 59),
        ("n in [1, 4.0]", True),
        ("'ol' in text", True),
        ("'id' in order", True),
        ("yes == 1", False),  # JSON's equality
        ("n == 4.0", True),
        ("yes in [1]", False),
        ("sum(order.items) / length(order.items)", 2.0),
        ("min(3, 1) + max([1, 5])", 6),
        ("round(price) + round(2.125, 2)", 4.12),
        ("floor(2.7) + ceil(2.1)", 5),
        ("number(' 7.50 ') + number('3')", 10.5),
        ("text(7) + text(true)", "7true"),
        ("starts_with(lower(text), 'go') and ends_with(upper(trim(' x ')), 'X')", True),
        ("n\n  + 1", 5),
    ],
)
def test_value(formula: str, value: Any) -> None:
    found = evaluate(parse_formula(formula), NAMES)
    assert equal(found, value)


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("n / 0", "division by zero"),
        ("n % 0", "division by zero"),
        ("text * 3", "`*` needs numbers"),
        ("'%999999999d' % n", "`%` needs numbers"),
        ("yes + 1", "`+` needs numbers, not true"),
        ("none < 3", "two numbers or two texts"),
        ("text.upper", "has no"),
        ("n.real", "has no"),
        ("number('12 apples')", "is no number"),
        ("number('nan')", "is no number"),
        ("days('soon', '2026-01-01')", "two dates"),
        ("1" + "0" * 30 + " * 10", "out of range"),
        ("max([])", "of nothing"),
        ("round(1.5, 99)", "15 digits"),
        ("length(n)", "has no length"),
        ("3 in n", "cannot look"),
    ],
)
def test_no_value(formula: str, reason: str) -> None:
    with pytest.raises(NoValue, match=re.escape(reason)):
        evaluate(parse_formula(formula), NAMES)


@pytest.mark.parametrize(
    ("formula", "piece", "reason"),
    [
        ("2 ** 9", "2 ** 9", "powers"),
        ("ü + (1 << 9)", "1 << 9", "LShift"),
        ("text.__class__()", "text.__class__()", "by its name"),
        ("(lambda: 1)()", "(lambda: 1)()", "by its name"),
        ("[x for x in n]", "[x for x in n]", "loops"),
        ("f'{n}'", "f'{n}'", "f-texts"),
        ("text[1:2]", "1:2", "slices"),
        ("round(1.5, ndigits=1)", "round(1.5, ndigits=1)", "by its name"),
        ("n is none", "n is none", "`==`"),
        ("True", "True", "write `true`"),
        ("1j", "1j", "ordinary size"),
        ("1e999", "1e999", "ordinary size"),
        ("n = 3", "=", "`==`"),
        ("import os", None, "not a formula"),
        ("n +", None, "not a formula"),
        ("(" * 400 + ")" * 100, None, "not a formula|cannot be read"),
        ("\0", None, "not a formula|cannot be read"),
        ("n" * 600, None, "at most 512"),
    ],
)
def test_not_a_formula(formula: str, piece: str | None, reason: str) -> None:
    with pytest.raises(BadFormula, match=reason) as caught:
        parse_formula(formula)
    start, end = caught.value.at
    assert 0 <= start <= end <= len(formula)
    if piece is not None:
        assert formula[start:end] == piece


def test_the_compiler_and_the_runtime_know_the_same_functions() -> None:
    assert FUNCTIONS.keys() == _FUNCTIONS.keys()


def test_what_a_formula_uses() -> None:
    parsed = parse_formula("called('ü') and task.a['b'] > max(x, args.y)")
    assert [used.name for used in parsed.names] == ["task", "x", "args"]
    assert [chain.names for chain in parsed.chains] == [("task", "a", "b"), ("x",), ("args", "y")]
    start, end = parsed.chains[0].at
    assert parsed.source[start:end] == "task.a['b']"
    assert [(c.function.name, c.tool and c.tool.name) for c in parsed.calls] == [
        ("called", "ü"),
        ("max", None),
    ]
    assert parsed.is_of_the_episode


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OPERATORS = ["+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and"]


@settings(max_examples=100, deadline=None)
@given(JSON, JSON, st.sampled_from(OPERATORS))
def test_any_values_give_json_or_no_value(a: Any, b: Any, operator: str) -> None:
    with contextlib.suppress(NoValue):
        value = evaluate(parse_formula(f"a {operator} b"), {"a": a, "b": b})
        assert operator == "and" or isinstance(value, bool | int | float | str)
        if isinstance(value, int | float):
            assert abs(value) <= MAX_NUMBER
            json.dumps(value, allow_nan=False)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(JSON, min_size=2, max_size=2))
def test_any_arguments_of_a_function(name: str, values: list[Any]) -> None:
    given_ = ", ".join(["a", "b"][: FUNCTIONS[name][0]])
    with contextlib.suppress(NoValue):
        evaluate(parse_formula(f"{name}({given_})"), dict(zip("ab", values, strict=True)))


@pytest.mark.parametrize(
    "formula", ["a + a", "a * a * a", "upper(a)", "a in a", "number(a)", "days(a, a)", "a == a"]
)
@pytest.mark.parametrize(
    "value", ["x" * 2_000_000, "9" * 2_000_000, 10**399, "\ud800", "🦙" * 9999]
)
def test_huge_values_cost_little(formula: str, value: Any) -> None:
    started = time.process_time()
    with contextlib.suppress(NoValue):
        evaluate(parse_formula(formula), {"a": value})
    assert time.process_time() - started < 1


def test_a_deep_value_is_no_crash() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(NoValue, match="too large"):
        evaluate(parse_formula("a == a"), {"a": deep})
