"""A text that a pattern matches, for the patterns that people write of identifiers and dates."""

from __future__ import annotations

import re
import string
import warnings
from re import _parser  # type: ignore[attr-defined]  # the only parser of Python's own syntax
from typing import Any

_LONGEST = 80
_CHARACTERS = string.digits + string.ascii_letters + string.punctuation + " "


def matching(pattern: str, number: int) -> str | None:
    """A text that the pattern matches; None where none is found by its simplest reading."""
    try:
        with warnings.catch_warnings(action="ignore"):
            text = "".join(_written(part, str(number)) for part in _parser.parse(pattern))
            is_match = re.search(pattern, text) is not None
    except (re.error, RecursionError, OverflowError, LookupError, TypeError, ValueError):
        return None
    return text if is_match and len(text) <= _LONGEST and text.isprintable() else None


def _written(part: Any, number: str) -> str:
    """One node of a parsed pattern as text; digits that repeat spell the number."""
    name, argument = str(part[0]), part[1]
    if name == "LITERAL":
        return chr(argument)
    if name in ("IN", "CATEGORY", "ANY", "NOT_LITERAL"):
        return _character(part, number[-1])
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        return _repeated(argument, number)
    if name == "SUBPATTERN":
        return "".join(_written(one, number) for one in argument[-1])
    if name == "BRANCH":
        return "".join(_written(one, number) for one in argument[1][0])
    return ""  # an anchor or a look-around: the search tells whether it holds


def _repeated(argument: tuple[int, int, Any], number: str) -> str:
    least, most, body = argument
    count = min(max(least, 1), most, _LONGEST)
    one = "".join(_written(part, number) for part in body)
    if one == number[-1]:  # a digit
        return number.zfill(count)[-max(count, min(most, len(number))) :]
    return one * count


def _character(part: Any, digit: str) -> str:
    """The digit if it is allowed, else the first character that is."""
    if str(part[0]) == "ANY":
        return digit
    compiled = re.compile(_spelled(part))
    return next(one for one in digit + _CHARACTERS if compiled.fullmatch(one))


def _spelled(part: Any) -> str:
    """The node of one character, as a pattern again."""
    name, argument = str(part[0]), part[1]
    if name == "NOT_LITERAL":
        return f"[^{re.escape(chr(argument))}]"
    items = argument if name == "IN" else [part]
    return f"[{''.join(_item(str(one[0]), one[1]) for one in items)}]"


def _item(name: str, argument: Any) -> str:
    if name == "NEGATE":
        return "^"
    if name == "RANGE":
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    if name == "CATEGORY":
        letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[str(argument).rpartition("_")[2]]
        return "\\" + (letter.upper() if "_NOT_" in str(argument) else letter)
    return re.escape(chr(argument))
