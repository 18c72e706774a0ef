"""Formulas evaluated: by simpleeval, with JSON's meaning of each operator and bounds on all of them.

The author of the spec wrote the formula, the model wrote the values. So what a formula may say was
checked when it was read, and what it costs is bounded here: numbers and texts have a largest size,
nothing repeats, and a key of an object is all that a dot reaches. Whatever has no value (a division
by zero, a text where a number is wanted) raises `NoValue`, whose message is for the model.
"""

from __future__ import annotations

import ast
import math
import threading
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from simpleeval import InvalidExpression, SimpleEval

from mrlc.runtime.environment.cells import read_cell
from mrlc.runtime.environment.history import Past
from mrlc.runtime.json_values import dumps, equal, quote
from mrlc.schemas.formula import CONSTANTS, MAX_NUMBER, Parsed

MAX_TEXT = 10_000
"""Code points of a text that a formula makes."""


class NoValue(Exception):
    """A formula has no value for these arguments; the message says why, in a few words."""


def evaluate(formula: Parsed, names: Mapping[str, Any], past: Past | None = None) -> Any:
    """The value of a formula, a JSON value.

    Raises:
        NoValue: it has none.
    """
    functions = _FUNCTIONS if past is None else {**_FUNCTIONS, **_of_the_episode(past)}
    try:
        return _bounded(_EVALUATOR.value(formula, functions, {**CONSTANTS, **names}))
    except InvalidExpression as error:
        raise NoValue(str(error)) from None
    except KeyError as error:
        raise NoValue(f"there is no {error.args[0]}") from None
    except ZeroDivisionError:
        raise NoValue("a division by zero") from None
    except (OverflowError, RecursionError):
        raise NoValue("a value is too large") from None


_KEPT = (ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call)


class _Evaluator(SimpleEval):  # type: ignore[misc]  # simpleeval has no types
    """simpleeval without attributes, imports, slices, f-texts and keywords.

    Making one takes longer than most formulas, so there is one for all.
    """

    nodes: dict[type[ast.AST], Callable[..., Any]]

    def __init__(self) -> None:
        super().__init__(operators=_OPERATORS, functions={}, names={})
        self._one_by_one = threading.Lock()
        self.nodes = {
            **{kind: handler for kind, handler in self.nodes.items() if kind in _KEPT},
            ast.Name: lambda node: self.names[node.id],
            ast.Constant: lambda node: node.value,
            ast.List: lambda node: [self._eval(item) for item in node.elts],
            ast.Attribute: lambda node: _key(self._eval(node.value), node.attr),
            ast.Subscript: lambda node: _key(self._eval(node.value), self._eval(node.slice)),
        }

    def value(self, formula: Parsed, functions: Mapping[str, Any], names: Mapping[str, Any]) -> Any:
        with self._one_by_one:
            self.functions, self.names = functions, names
            try:
                return self.eval(formula.source, formula.tree)
            finally:
                self.functions, self.names = {}, {}


def _key(value: Any, key: Any) -> Any:
    """What an object or a list holds at a key; null holds null at every key."""
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
        return value[key] if -len(value) <= key < len(value) else None
    if value is None:
        return None
    raise NoValue(f"{quote(value, limit=20)} has no {quote(key, limit=20)}")


def _bounded(value: Any) -> Any:
    if _is_number(value) and not abs(value) <= MAX_NUMBER:
        raise NoValue("a number is out of range")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise NoValue("a text is too long")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numeric(symbol: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """An operation on numbers of ordinary size."""

    def checked(*values: Any) -> Any:
        for value in values:
            if not _is_number(value):
                raise NoValue(f"`{symbol}` needs numbers, not {quote(value, limit=20)}")
            _bounded(value)
        return _bounded(compute(*values))

    return checked


def _textual(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """An operation on texts."""

    def checked(*values: Any) -> Any:
        for value in values:
            if not isinstance(value, str):
                raise NoValue(f"`{name}` needs a text, not {quote(value, limit=20)}")
        return _bounded(compute(*values))

    return checked


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return _bounded(left + right)
    return _numeric("+", lambda a, b: a + b)(left, right)


def _ordering(symbol: str, compute: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """An order of numbers by size, and of texts by code point, as ISO dates have it."""

    def checked(left: Any, right: Any) -> bool:
        values = (left, right)
        if all(map(_is_number, values)) or all(isinstance(one, str) for one in values):
            return compute(left, right)
        pair = f"{quote(left, limit=20)} and {quote(right, limit=20)}"
        raise NoValue(f"`{symbol}` needs two numbers or two texts, not {pair}")

    return checked


def _contains(part: Any, whole: Any) -> bool:
    if isinstance(whole, list):
        return any(equal(part, one) for one in whole)
    if isinstance(whole, dict) and isinstance(part, str):
        return part in whole
    if isinstance(whole, str) and isinstance(part, str):
        return part in whole
    raise NoValue(f"`in` cannot look for {quote(part, limit=20)} in {quote(whole, limit=20)}")


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: _numeric("-", lambda a, b: a - b),
    ast.Mult: _numeric("*", lambda a, b: a * b),
    ast.Div: _numeric("/", lambda a, b: a / b),
    ast.FloorDiv: _numeric("//", lambda a, b: a // b),
    ast.Mod: _numeric("%", lambda a, b: a % b),
    ast.USub: _numeric("-", lambda a: -a),
    ast.Not: lambda value: not value,
    ast.Eq: equal,
    ast.NotEq: lambda left, right: not equal(left, right),
    ast.Lt: _ordering("<", lambda a, b: a < b),
    ast.LtE: _ordering("<=", lambda a, b: a <= b),
    ast.Gt: _ordering(">", lambda a, b: a > b),
    ast.GtE: _ordering(">=", lambda a, b: a >= b),
    ast.In: _contains,
    ast.NotIn: lambda part, whole: not _contains(part, whole),
}


_EVALUATOR = _Evaluator()


def _sum(values: Any) -> Any:
    if not isinstance(values, list):
        raise NoValue("`sum` needs a list")
    return _numeric("sum", lambda *numbers: sum(numbers))(*values)


def _extreme(name: str, choose: Callable[..., Any]) -> Callable[..., Any]:
    def chosen(*values: Any) -> Any:
        given = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        if not given:
            raise NoValue(f"`{name}` of nothing")
        return _numeric(name, lambda *numbers: choose(numbers))(*given)

    return chosen


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise NoValue(f"{quote(value, limit=20)} has no length")
    return len(value)


def _round(value: Any, digits: Any = 0) -> Any:
    if not (isinstance(digits, int) and not isinstance(digits, bool) and 0 <= digits <= 15):
        raise NoValue("`round` goes to 0 to 15 digits")
    rounded = _numeric("round", lambda number: round(number, digits))(value)
    return rounded if digits else int(rounded)


def _text(value: Any) -> str:
    if isinstance(value, list | dict):
        raise NoValue("`text` needs a single value")
    return value if isinstance(value, str) else dumps(_bounded(value))


def _as_number(value: Any) -> Any:
    """The number that a text spells; a number is itself."""
    if _is_number(value):
        return _bounded(value)
    found = read_cell(value, "number") if isinstance(value, str) else None
    if found is None:
        raise NoValue(f"{quote(value, limit=20)} is no number")
    return _bounded(found)


def _days(start: str, end: str) -> int:
    try:
        first, second = (date.fromisoformat(text[:10]) for text in (start, end))
    except ValueError:
        raise NoValue("`days` needs two dates, as in 2026-01-31") from None
    return (second - first).days


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": _numeric("abs", abs),
    "ceil": _numeric("ceil", math.ceil),
    "days": _textual("days", _days),
    "ends_with": _textual("ends_with", str.endswith),
    "floor": _numeric("floor", math.floor),
    "length": _length,
    "lower": _textual("lower", str.lower),
    "max": _extreme("max", max),
    "min": _extreme("min", min),
    "number": _as_number,
    "round": _round,
    "starts_with": _textual("starts_with", str.startswith),
    "sum": _sum,
    "text": _text,
    "trim": _textual("trim", str.strip),
    "upper": _textual("upper", str.upper),
}


def _of_the_episode(past: Past) -> dict[str, Callable[..., Any]]:
    """The functions that look at earlier calls."""
    return {
        "called": lambda tool=None: past.calls(tool) > 0,
        "calls": past.calls,
        "last": past.last,
        "shown": past.shown,
    }
