"""Fields of a result that differ between recordings, with placeholders that do not.

A request id or a time says nothing that a task may depend on, and would make two runs of the same
calls differ. A placeholder is of the value's JSON type and drawn from the episode's seed, the number
of the call and the field, so that an episode played again has the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrlc.runtime.environment.result import render
from mrlc.runtime.json_values import loads
from mrlc.runtime.seeds import derive_seed


def masked(value: Any, fields: Sequence[str], *, seed: int, call: int) -> Any:
    """A result with placeholders in the fields of its object, or of each object of its list."""
    if not fields:
        return value
    shown = _document(value)
    objects = shown if isinstance(shown, list) else [shown]
    if not any(isinstance(one, dict) for one in objects):
        return value
    filled = [_filled(one, fields, (seed, call, index)) for index, one in enumerate(objects)]
    return render(filled if isinstance(shown, list) else filled[0])


def _document(value: Any) -> Any:
    """The result as JSON: a back end may give it as a text."""
    if not isinstance(value, str):
        return value
    try:
        return loads(value)
    except ValueError:
        return value


def _filled(one: Any, fields: Sequence[str], stream: tuple[int, ...]) -> Any:
    if not isinstance(one, dict):
        return one
    return {
        name: _placeholder(value, derive_seed("volatile", *stream, name))
        if name in fields
        else value
        for name, value in one.items()
    }


def _placeholder(value: Any, seed: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return seed % 10**9
    if isinstance(value, float):
        return seed % 10**9 / 1000
    return f"{seed:016x}"
