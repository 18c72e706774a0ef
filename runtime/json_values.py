"""JSON values: read strictly, written one way, compared by JSON's own types.

Text that a model wrote is hostile: it may repeat keys, hold NaN, numbers of a thousand
digits, or brackets ten thousand deep. `loads` answers all of that with `ValueError`; of what
another parser has read, `is_json` tells.
"""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DIGITS = 400
"""Of one number; Python itself refuses above 4300, after quadratic work."""

MAX_DEPTH = 100
"""Of values in values. Python's own bound is what is left of its stack, so that a value that can
be read at one place could not be written at another."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def loads(text: str) -> Any:
    """Parse one JSON document as RFC 8259 has it.

    Raises:
        ValueError: not JSON, or JSON that no two readers agree on: a key given twice, a
            number that is not finite, a lone surrogate. The message is one short line.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
        if "\\u" in text:  # only an escape can bring a lone surrogate
            _encode(value).encode()
        if text.count("[") + text.count("{") > MAX_DEPTH and not _is_shallow(value):
            raise RecursionError
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos}") from None
    except UnicodeEncodeError:
        raise ValueError("not JSON: a lone surrogate") from None
    except RecursionError:
        raise ValueError("not JSON: nested too deeply") from None
    return value


def dumps(value: Any) -> str:
    """The JSON text of `value`: keys in their order, no escapes but JSON's own.

    Raises:
        TypeError, ValueError, RecursionError: the value is not JSON.
    """
    return _encode(value)


def is_json(value: Any) -> bool:
    """Whether `dumps` and `loads` bring a value back wherever they are called."""
    try:
        return _is_shallow(value) and bool(_encode(value).encode())
    except (TypeError, ValueError, RecursionError):
        return False


def equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal, all the way down.

    JSON has one number type, so 1 equals 1.0; a boolean is no number, so True is not 1.
    Order counts in arrays and not in objects.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def spell(value: Any) -> str:
    """A text that two JSON values have in common if and only if they are `equal`."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    """The value with every whole number an integer."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def quote(value: Any, *, limit: int = 40) -> str:
    """The value as JSON for a message, cut to `limit` characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _is_shallow(value: Any) -> bool:
    """Whether no more than `MAX_DEPTH` arrays and objects are in one another; without recursion."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [one for one in level if isinstance(one, dict | list)]
        if not level:
            return True
        level = [x for one in level for x in (one.values() if isinstance(one, dict) else one)]
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("not JSON: a key is given twice")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"not JSON: {name}")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not JSON: a number is out of range")
    return value


def _int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"not JSON: a number has more than {MAX_DIGITS} digits")
    return int(text)
