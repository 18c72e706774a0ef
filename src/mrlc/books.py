"""The books of a run as people read them: every episode that was started, by what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mrlc.tables import Block, Lines, Table

if TYPE_CHECKING:
    from mrlc.runtime.accounts import Account

NAMES = {
    "base": "base",
    "base_samples": "base, sampled",
    "train": "training",
    "ahead": "played ahead",
    "validation": "validation",
    "trained": "trained",
    "trained_samples": "trained, sampled",
}
"""Of the phases, in their order."""
CAUSES = 12
"""Causes that have a row; the rest is counted."""


def blocks(books: Mapping[str, Account]) -> Iterator[Block]:
    """A table of the phases, and a line for each whose books do not balance."""
    named = {NAMES[phase]: books[phase] for phase in NAMES if phase in books}
    played = {name: one for name, one in named.items() if one.started or one.ended}
    rows = tuple(_rows(list(played.values())))
    yield Table("episodes by what became of them", ("", *played), rows)
    if "validation" not in books:
        yield Lines(("samples of pass@k and the validation split were not counted in this run",))
    wrong = [
        f"the books of {NAMES.get(phase, phase)} do not balance: {one.started} episodes started, "
        f"{one.ended} accounted for"
        for phase, one in books.items()
        if not one.balances
    ]
    if wrong:
        yield Lines(tuple(wrong))


def _rows(phases: list[Account]) -> Iterator[tuple[str, ...]]:
    yield ("started", *(str(one.started) for one in phases))
    yield ("scored", *(str(one.scored) for one in phases))
    yield ("broke, run anew", *(str(one.replaced.total()) for one in phases))
    yield ("without a reward", *(str(one.unscorable.total()) for one in phases))
    lost = [one.replaced + one.unscorable for one in phases]
    every = sum(lost, start=Counter[str]())
    for cause, _ in every.most_common(CAUSES):
        yield (f"  {cause}", *(str(counts[cause]) for counts in lost))
    if rest := [cause for cause, _ in every.most_common()[CAUSES:]]:
        counted = (str(sum(counts[cause] for cause in rest)) for counts in lost)
        yield (f"  {len(rest)} other causes", *counted)
