"""Whether a call's arguments are those that a tool declares.

The rules are JSON Schema's for the words that a `Parameter` has: a boolean is no number, an
integer is a number, and 3.0 is an integer (the tool gets 3). Numbers are finite. Of
several faults the first is told, as a result has few tokens: a missing argument, then an
unknown one, then a wrong one, in the order the parameters are declared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from mrlc.runtime.json_values import equal, quote
from mrlc.schemas.tools import Parameter, Tool

_WORDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
}


class InvalidArguments(Exception):
    """The arguments break the schema; the message says how, in one line."""


class Signature:
    """The parameters of a tool."""

    def __init__(self, tool: Tool) -> None:
        self._checks = [_Check(name, one) for name, one in tool.parameters.items()]
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
        for check in self._checks:
            if check.is_required and check.name not in arguments:
                raise InvalidArguments(f"`{check.name}` is required")
        if not (self._drops_unknown or arguments.keys() <= self._allowed):
            raise InvalidArguments(self._unknown(arguments))
        return {
            check.name: check(arguments[check.name])
            for check in self._checks
            if check.name in arguments
        }

    def _unknown(self, arguments: Mapping[str, Any]) -> str:
        name = next(name for name in arguments if name not in self._allowed)
        known = f"the parameters are {', '.join(self._names)}" if self._names else "there are none"
        return f"`{quote(name)[1:-1]}` is not a parameter; {known}"


class _Check:
    """The constraints of one parameter."""

    def __init__(self, name: str, parameter: Parameter) -> None:
        self.name = name
        self.is_required = parameter.required
        self._parameter = parameter
        self._pattern = None if parameter.pattern is None else re.compile(parameter.pattern)

    def __call__(self, value: Any) -> Any:
        """The value as its declared type."""
        kind = self._parameter.type
        if kind == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if not _is(kind, value):
            raise InvalidArguments(f"`{self.name}` must be {_WORDS[kind]}")
        fault = self._fault(value)
        if fault is not None:
            raise InvalidArguments(f"`{self.name}` must {fault}")
        return value

    def _fault(self, value: Any) -> str | None:
        limits = self._parameter
        if limits.enum is not None and not any(equal(value, one) for one in limits.enum):
            return f"be one of {', '.join(map(quote, limits.enum))}"
        if self._pattern is not None and not (
            isinstance(value, str) and self._pattern.search(value)
        ):
            return f"match {self._pattern.pattern}"
        if limits.minimum is not None and value < limits.minimum:
            return f"be at least {limits.minimum:g}"
        if limits.maximum is not None and value > limits.maximum:
            return f"be at most {limits.maximum:g}"
        return None


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str):
        return kind == "string"
    if isinstance(value, float):
        return kind == "number" and math.isfinite(value)
    return isinstance(value, int) and kind in ("integer", "number")
