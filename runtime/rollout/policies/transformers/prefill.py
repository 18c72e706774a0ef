"""What the admitted have in common is computed once; what is new to each, in few passes.

A row that has just got its slot first takes over the longest prefix that any slot holds: the
system's message and the tools, or, of a group, the whole prompt but its last token. Where nothing
is known yet, the first row goes ahead alone, and the others copy what they share with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mrlc.runtime.rollout.policies.transformers.forward import Forward
from mrlc.runtime.rollout.policies.transformers.row import Row
from mrlc.runtime.rollout.policies.transformers.slots import Ints, Slots

PASS_TOKENS = 8192
"""Tokens of one forward pass, padding included; bounds what activations take."""
RAGGED = 2
"""Rows go together whose chunks are at most so many times as long as each other."""


def prefill(forward: Forward, slots: Slots, rows: Iterable[Row], new: Sequence[Row]) -> None:
    """Feed each row all but its last unfed id; `new` are those whose slots hold nothing of theirs."""
    alike: dict[tuple[int, ...], list[Row]] = {}
    for row in new:
        alike.setdefault(tuple(row.unfed), []).append(row)
    leaders = [group[0] for group in alike.values()]
    followers = [row for group in alike.values() for row in group[1:]]
    if len(leaders) > 1 and not any(slots.common(_fresh(row))[1] for row in leaders):
        ahead, leaders = leaders[:1], leaders[1:]
        _inherit(slots, ahead)
        _feed(forward, ahead)
    _inherit(slots, leaders)
    later = set(map(id, followers))
    _feed(forward, [row for row in rows if id(row) not in later])
    _inherit(slots, followers)
    _feed(forward, followers)


def _fresh(row: Row) -> Ints:
    return np.array(row.unfed[:-1], dtype=np.int64)


def _inherit(slots: Slots, rows: Sequence[Row]) -> None:
    """Give each row the longest prefix that a slot holds."""
    if not rows:
        return
    found = [slots.common(_fresh(row)) for row in rows]
    sources, tokens = (np.array(column, dtype=np.int64) for column in zip(*found, strict=True))
    slots.copy(sources, np.array([row.slot for row in rows], dtype=np.int64), tokens)
    for row, (_, held) in zip(rows, found, strict=True):
        row.unfed = row.unfed[held:]


def _feed(forward: Forward, rows: Iterable[Row]) -> None:
    """Longest first, so that rows of like length share a pass."""
    left = sorted((row for row in rows if len(row.unfed) > 1), key=lambda row: -len(row.unfed))
    while left:
        longest = min(len(left[0].unfed) - 1, PASS_TOKENS)
        together = [row for row in left if RAGGED * (len(row.unfed) - 1) >= longest]
        together = together[: max(1, PASS_TOKENS // longest)]
        chunks = [np.array(row.unfed[:-1][:longest], dtype=np.int64) for row in together]
        forward.feed(np.array([row.slot for row in together], dtype=np.int64), chunks)
        for row, chunk in zip(together, chunks, strict=True):
            row.unfed = row.unfed[len(chunk) :]
        left = sorted((row for row in left if len(row.unfed) > 1), key=lambda row: -len(row.unfed))
