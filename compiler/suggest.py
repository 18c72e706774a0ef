"""Nearest names, for the last line of an error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

CERTAIN, APART = 0.8, 0.1
"""How near a name must be, from 0 to 1, and how much nearer than the next, to be certain."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, or None: one that is spelled nearly so, or has these initials."""
    candidates = sorted(set(names))
    folded = {name.lower(): name for name in reversed(candidates)}
    found = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    if not found and len(word) > 1:
        found = [name for name in folded if _initials(name) == word.lower()]
    return folded[found[0]] if len(found) == 1 else None


def _initials(name: str) -> str:
    """`lr` of `learning_rate`."""
    return "".join(part[:1] for part in re.split("[_-]", name))


def certain(word: str, names: Iterable[str]) -> str | None:
    """The name that must have been meant: very near, and no other is nearly as near."""
    folded = word.lower()
    ranked = sorted(
        ((SequenceMatcher(None, name.lower(), folded).ratio(), name) for name in set(names)),
        reverse=True,
    )
    first, second = [*ranked, (0.0, ""), (0.0, "")][:2]
    return first[1] if first[0] >= CERTAIN and first[0] - second[0] >= APART else None


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
