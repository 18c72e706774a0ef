"""Whether a call's arguments are those that a tool declares.

The rules are JSON Schema's for the words that a `Parameter` has: a boolean is no number, an
integer is a number, and 3.0 is an integer (the tool gets 3). Numbers are finite; an object
has no members but those declared, where any are. Of several faults the first is told, as a
result has few tokens: a missing argument, then an unknown one, then a wrong one, in the order
the parameters are declared. A tool gets arrays and objects of its own: what it does to them
changes neither the record nor another episode, which may hold the same parsed turn.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from mrlc.runtime.json_values import equal, quote
from mrlc.runtime.patterns import LONGEST, Pattern
from mrlc.schemas.tools import Item, Member, Parameter, Tool, Value

_WORDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
}


class InvalidArguments(Exception):
    """The arguments break the schema; the message says how, in one line."""


class Signature:
    """The parameters of a tool."""

    def __init__(self, tool: Tool) -> None:
        self._checks = _checks(tool.parameters)
        self._names = tuple(tool.parameters)
        self._drops_unknown = False
        if tool.replay is not None:
            self._drops_unknown = tool.replay.mode == "by_key"
            self._names = tuple(tool.replay.match)
        self._allowed = frozenset(self._names)

    def bind(self, arguments: Mapping[str, Any] | None) -> dict[str, Any]:
        """The arguments that were given, as the tool takes them.

        Raises:
            InvalidArguments: they break the schema.
        """
        if arguments is None:
            raise InvalidArguments("the arguments must be a JSON object")
        _require(self._checks, arguments, "")
        if not (self._drops_unknown or arguments.keys() <= self._allowed):
            raise InvalidArguments(self._unknown(arguments))
        return _checked(self._checks, arguments, "")

    def _unknown(self, arguments: Mapping[str, Any]) -> str:
        name = next(name for name in arguments if name not in self._allowed)
        known = f"the parameters are {', '.join(self._names)}" if self._names else "there are none"
        return f"`{quote(name)[1:-1]}` is not a parameter; {known}"


class _Check:
    """The constraints of one value."""

    def __init__(self, name: str, declared: Value) -> None:
        self.name = name
        self.is_required = isinstance(declared, Member) and declared.required
        self._limits = declared
        self._pattern = None if declared.pattern is None else Pattern(declared.pattern)
        items = declared.items if isinstance(declared, Parameter) else None
        self._item = None if items is None else _Check("", items)
        self._members = _members(declared) if isinstance(declared, Parameter | Item) else None

    def __call__(self, value: Any, place: str) -> Any:
        """The value as its declared type; `place` is its path in the arguments."""
        kind = self._limits.type
        if kind == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if not _is(kind, value):
            raise InvalidArguments(f"`{place}` must be {_WORDS[kind]}")
        if isinstance(value, list):
            return self._array(value, place)
        if isinstance(value, dict):
            return self._object(value, place)
        fault = self._fault(value)
        if fault is not None:
            raise InvalidArguments(f"`{place}` must {fault}")
        return value

    def _array(self, value: list[Any], place: str) -> list[Any]:
        if self._item is None:
            return list(_copied(value, place))
        return [self._item(one, f"{place}[{index}]") for index, one in enumerate(value)]

    def _object(self, value: dict[str, Any], place: str) -> dict[str, Any]:
        if self._members is None:
            return dict(_copied(value, place))
        _require(self._members, value, f"{place}.")
        known = [member.name for member in self._members]
        if unknown := next((name for name in value if name not in known), None):
            shown = quote(unknown)[1:-1]
            raise InvalidArguments(
                f"`{place}.{shown}` is not a member; the members are {', '.join(known)}"
            )
        return _checked(self._members, value, f"{place}.")

    def _fault(self, value: Any) -> str | None:
        limits = self._limits
        if limits.enum is not None and not any(equal(value, one) for one in limits.enum):
            return f"be one of {', '.join(map(quote, limits.enum))}"
        if self._pattern is not None and isinstance(value, str) and len(value) > LONGEST:
            return f"have {LONGEST:,} characters at most"
        if self._pattern is not None and not (
            isinstance(value, str) and self._pattern.is_in(value)
        ):
            return f"match {self._pattern.pattern}"
        if limits.minimum is not None and value < limits.minimum:
            return f"be at least {limits.minimum:g}"
        if limits.maximum is not None and value > limits.maximum:
            return f"be at most {limits.maximum:g}"
        return None


def _checks(members: Mapping[str, Member]) -> list[_Check]:
    return [_Check(name, member) for name, member in members.items()]


def _members(shape: Parameter | Item) -> list[_Check] | None:
    return None if shape.properties is None else _checks(shape.properties)


def _require(checks: list[_Check], given: Mapping[str, Any], above: str) -> None:
    for check in checks:
        if check.is_required and check.name not in given:
            raise InvalidArguments(f"`{above}{check.name}` is required")


def _checked(checks: list[_Check], given: Mapping[str, Any], above: str) -> dict[str, Any]:
    return {
        check.name: check(given[check.name], f"{above}{check.name}")
        for check in checks
        if check.name in given
    }


def _copied(value: Any, place: str) -> Any:
    """A copy of a value whose form is not declared."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (ValueError, RecursionError):
        raise InvalidArguments(f"`{place}` must hold finite numbers and no deep nesting") from None


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str):
        return kind == "string"
    if isinstance(value, float):
        return kind == "number" and math.isfinite(value)
    if isinstance(value, list | dict):
        return kind == ("array" if isinstance(value, list) else "object")
    return isinstance(value, int) and kind in ("integer", "number")
