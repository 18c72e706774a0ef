"""Canonical JSON: one spelling for one value, so that equal values have equal digests.

UTF-8, sorted keys, no white space, floats by repr, no NaN and no negative zero, a final
newline.
"""

from __future__ import annotations

import json
from typing import Any


def canonical(value: Any) -> bytes:
    """The canonical spelling of a JSON value."""
    text = json.dumps(
        _positive_zero(value),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return text.encode() + b"\n"


def _positive_zero(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _positive_zero(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_positive_zero(item) for item in value]
    return 0.0 if isinstance(value, float) and value == 0 else value
