"""The text of a value that came out of an interpreter, the same on every run."""

from __future__ import annotations

from typing import Any


def show(value: Any, limit: int) -> str | None:
    """As Python shows it, or None for None; cut past `limit` letters.

    The elements of a set are sorted: their own order depends on the process's hash seed.

    Raises:
        ValueError, RecursionError: it has no such text.
    """
    return None if value is None else _text(value)[: limit + 1]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)}: {_text(v)}" for k, v in value.items()) + "}"
    if type(value) is list:
        return "[" + ", ".join(map(_text, value)) + "]"
    if type(value) is tuple:
        return "(" + ", ".join(map(_text, value)) + (",)" if len(value) == 1 else ")")
    if isinstance(value, set | frozenset):
        inner = "{" + ", ".join(sorted(map(_text, value))) + "}" if value else ""
        return inner if inner and isinstance(value, set) else f"{type(value).__name__}({inner})"
    return repr(value)
