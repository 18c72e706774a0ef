"""Conditions: the cells of a decision table.

    gold            the value itself                    <= 100     a comparison; also < > >= !=
    gold | silver   one of several                      10..20     from 10 to 20, both included
    -               any value; an empty cell too        null       the argument was left out
    = null          the text `null`: what follows `=` is taken as it is

A number is compared with numbers. Texts are compared by code point, so that dates as ISO 8601
writes them are in order. An argument that was left out is null: only `-`, `null` and `!=` hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

Operator = Literal["==", "!=", "<", "<=", ">", ">=", ".."]

_COMPARISON = re.compile(r"(<=|>=|!=|=|<|>)\s*(.*)", re.DOTALL)
_RANGE = re.compile(r"(.+?)\s*\.\.\s*(.+)", re.DOTALL)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_WORDS = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}


class BadCondition(ValueError):
    """A cell that is no condition on a value of its type."""


@dataclass(frozen=True)
class Test:
    """One comparison of the value."""

    operator: Operator
    value: Any
    end: Any = None
    """The upper bound of `..`."""

    def holds(self, value: Any) -> bool:
        """Whether it is true of a value, which is of the test's type or null."""
        if self.operator in ("==", "!="):
            is_same = type(self.value) is type(value) or _are_numbers(self.value, value)
            return (is_same and self.value == value) == (self.operator == "==")
        if value is None:
            return False
        if self.operator == "..":
            return bool(self.value <= value <= self.end)
        if self.operator in ("<", "<="):
            return bool(value < self.value or (self.operator == "<=" and value == self.value))
        return bool(value > self.value or (self.operator == ">=" and value == self.value))


@dataclass(frozen=True)
class Condition:
    """A cell: one of its tests must hold, where it has any."""

    tests: tuple[Test, ...]

    def holds(self, value: Any) -> bool:
        """Whether it is true of a value."""
        return not self.tests or any(test.holds(value) for test in self.tests)


ANY = Condition(())


def parse_condition(cell: Any, kind: str) -> Condition:
    """The condition of a cell, text or a JSON value, on an argument of a type.

    Raises:
        BadCondition: it can be none.
    """
    if not isinstance(cell, str):
        return Condition((Test("==", _typed(cell, kind)),))
    if cell.strip() in ("", "-"):
        return ANY
    return Condition(tuple(_test(part.strip(), kind) for part in cell.split("|")))


def _test(text: str, kind: str) -> Test:
    if text == "null":
        return Test("==", None)
    if (compared := _COMPARISON.fullmatch(text)) is not None:
        sign, rest = compared.groups()
        operator: Any = "==" if sign == "=" else sign
        return Test(operator, _ordered(rest, kind, is_order=sign in ("<", "<=", ">", ">=")))
    if (ranged := _RANGE.fullmatch(text)) is not None:
        low, high = (_ordered(one, kind, is_order=True) for one in ranged.groups())
        if low > high:
            raise BadCondition(f"`{text}` holds nothing: it ends before it begins")
        return Test("..", low, high)
    return Test("==", _read(text, kind))


def _ordered(text: str, kind: str, *, is_order: bool) -> Any:
    if is_order and kind == "boolean":
        raise BadCondition("true and false have no order")
    return _read(text, kind)


def _read(text: str, kind: str) -> Any:
    if kind == "string":
        return text
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind in ("integer", "number") and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    raise BadCondition(f"`{text}` is not {_WORDS[kind]}")


def _typed(value: Any, kind: str) -> Any:
    """A JSON value of a rule in the spec, which must be one that the argument can have."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "string": False,  # a text is read as a cell
        "boolean": isinstance(value, bool),
        "integer": is_number and value == int(value),
        "number": is_number,
    }
    if value is None or fits[kind]:
        return value
    wanted = _WORDS.get(kind, "a text")
    raise BadCondition(f"`{value}` is not {wanted}")


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
