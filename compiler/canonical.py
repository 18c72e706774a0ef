"""Canonical JSON: one spelling for one value, so that equal values have equal digests.

UTF-8, sorted keys, no white space, floats by repr, no NaN and no negative zero, a final
newline.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_dumped = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def canonical(value: Any) -> bytes:
    """The canonical spelling of a JSON value."""
    return spelled(value).encode() + b"\n"


def spelled(value: Any) -> str:
    """The canonical spelling as text, without the newline: a part of a larger one."""
    text = _dumped(value)
    # Looking for negative zeros costs more than the rest, and there hardly ever is one.
    return _dumped(_positive_zero(value)) if "-0.0" in text else text


def joined(parts: Mapping[str, str]) -> str:
    """The spelling of a mapping whose values are spelled already."""
    return f"{{{','.join(f'{_dumped(key)}:{parts[key]}' for key in sorted(parts))}}}"


def _positive_zero(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _positive_zero(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_positive_zero(item) for item in value]
    return 0.0 if isinstance(value, float) and value == 0 else value
