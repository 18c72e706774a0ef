"""Nearest names, for the last line of an error."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, or None."""
    candidates = sorted(set(names))
    folded = {name.lower(): name for name in reversed(candidates)}
    found = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(word: str, names: Iterable[str]) -> str | None:
    """A help line that offers the nearest name or, where none is near, the few there are."""
    known = sorted(set(names))
    if (near := nearest(word, known)) is not None:
        return f"did you mean `{near}`?"
    if 0 < len(known) <= 12:
        return f"there is {listing(known)}"
    return None


def listing(names: Iterable[str], word: str = "and") -> str:
    """`a`, `b` and `c`."""
    *first, last = [f"`{name}`" for name in names]
    return f"{', '.join(first)} {word} {last}" if first else last
