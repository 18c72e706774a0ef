"""Keys of a look-up: equal where JSON's values are, after what the spec says makes texts equal."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

Key = tuple[Any, ...]

_STEPS: dict[str, Callable[[str], str]] = {
    "trim": str.strip,
    "casefold": str.casefold,
    "nfc": partial(unicodedata.normalize, "NFC"),
}


def key_of(values: Iterable[Any], normalise: Sequence[str] = ()) -> Key:
    """A tuple that hashes as JSON compares: Python holds True for 1, JSON does not."""
    folded = [fold(value, normalise) for value in values] if normalise else values
    return tuple([(value,) if isinstance(value, bool) else value for value in folded])


def fold(value: Any, normalise: Sequence[str]) -> Any:
    """A text as it is compared; any other value is itself."""
    if isinstance(value, str):
        for step in normalise:
            value = _STEPS[step](value)
    return value
