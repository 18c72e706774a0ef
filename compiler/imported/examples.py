"""Values to be replaced: an argument, a column of a recorded result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrlc.compiler.imported.matching import matching

Declared = Mapping[str, Any]


def example(name: str, value: Declared, number: int) -> Any:
    """A value of the declared type; another number gives another one, where the type has it."""
    if choices := value.get("enum"):
        return choices[number % len(choices)]
    if value["type"] in ("integer", "number"):
        return _number(value, number)
    if value["type"] == "boolean":
        return number % 2 == 0
    if value["type"] == "array":
        return [example(name, value["items"], number)] if "items" in value else []
    if value["type"] == "object":
        return arguments(value.get("properties", {}), number)
    return matching(value.get("pattern", ""), number) or f"{name}-{number}"


def arguments(members: Mapping[str, Declared], number: int) -> dict[str, Any]:
    """Examples of all that is required."""
    return {
        name: example(name, member, number)
        for name, member in members.items()
        if member.get("required", True)
    }


def _number(value: Declared, number: int) -> int | float:
    """The number itself where it is in the range, else one counted from an end of it."""
    low, high = value.get("minimum"), value.get("maximum")
    found: float = number
    if low is not None and found < low:
        found = low + number
    if high is not None and found > high:
        found = high - number if low is None else max(low, high - number)
    return _whole(found, low) if value["type"] == "integer" else found


def _whole(number: float, low: float | None) -> int:
    whole = int(number // 1)
    return whole + 1 if low is not None and whole < low else whole
