"""Which row has which slot, within what memory allows.

Slots are as long as the longest row needs. Where so many of that length do not fit, there are
fewer slots than rows: a row whose tool is running gives its slot up to one that waits, and is
prefilled again later. Nothing is lost but the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from mrlc.runtime.rollout.policies.transformers.row import Row
from mrlc.runtime.rollout.policies.transformers.slots import Slots

GROWTH = 2
"""Slots grow by this factor at least, so that few copies are made."""


class Places:
    """The owners of the slots; at most `fits` tokens in all slots together.

    Where storage costs nothing until it is written to (`is_lazy`), slots are at once as long as
    there may be need of, at most `context`, and never grow.
    """

    def __init__(self, slots: Slots, *, fits: int, context: int, is_lazy: bool) -> None:
        self._slots = slots
        self._width = slots.count
        self._fits = fits
        self._ample = min(context, fits // slots.count) if is_lazy else 0
        self._owners: list[Row | None] = [None] * slots.count

    def seat(self, rows: Sequence[Row]) -> list[Row]:
        """Give each a slot with room for its next turn; those that have one then."""
        rows = self._with_room(rows)
        seated = []
        waiting = set(map(id, rows))
        for row in rows:
            if row.slot is None:
                slot = self._vacant(waiting)
                if slot is None:
                    continue
                row.slot, row.is_new, self._owners[slot] = slot, True, row
            seated.append(row)
        return seated

    def leave(self, row: Row) -> None:
        """A row is over; what its slot holds stays until another takes it."""
        if row.slot is not None:
            self._owners[row.slot] = None
            row.slot = None

    def _vacant(self, waiting: set[int]) -> int | None:
        """A slot without an owner, or else that of the idle row that is cheapest to feed again."""
        free = [slot for slot, owner in enumerate(self._owners) if owner is None]
        if free:
            return min(free, key=lambda slot: int(self._slots.lengths[slot]))
        idle = [row for row in self._held() if not row.is_writing and id(row) not in waiting]
        if not idle:
            return None
        row = min(idle, key=self._tokens)
        slot = row.slot
        self._evict(row)
        return slot

    def _with_room(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Make the slots long enough for the rows; those that must wait for that are left out."""
        room = self._slots.capacity
        needed = max(self._need(row) for row in rows)
        if needed <= room:
            return rows
        grown = max(needed, GROWTH * room, self._ample)
        tokens = grown if self._count(grown) == self._width else needed
        count = self._count(tokens)
        if count < sum(row.is_writing for row in self._held()):
            return [row for row in rows if self._need(row) <= room]
        self._resize(count, tokens, rows)
        return rows

    def _count(self, tokens: int) -> int:
        """Slots of so many tokens that fit."""
        return max(1, min(self._width, self._fits // max(1, tokens)))

    def _resize(self, count: int, tokens: int, waiting: Iterable[Row]) -> None:
        first = [row for row in self._held() if row.is_writing]
        wanted = set(map(id, waiting))
        idle = sorted(
            (row for row in self._held() if not row.is_writing),
            key=lambda row: id(row) not in wanted,
        )
        for row in (first + idle)[count:]:
            self._evict(row)
        kept = self._held()
        free = [slot for slot, owner in enumerate(self._owners) if owner is None]
        spare = free[: count - len(kept)]  # what they hold may be somebody's prefix
        slots = [row.slot for row in kept if row.slot is not None] + spare
        self._slots.resize(np.array(slots, dtype=np.int64), count, tokens)
        self._owners = [*kept, *[None] * (count - len(kept))]
        for place, row in enumerate(kept):
            row.slot = place

    def _evict(self, row: Row) -> None:
        """Take a row's slot; what it held must be fed again."""
        assert row.slot is not None
        held = self._slots.ids[row.slot, : self._tokens(row)]
        row.unfed = held.tolist() + row.unfed
        self.leave(row)

    def _held(self) -> list[Row]:
        return [owner for owner in self._owners if owner is not None]

    def _tokens(self, row: Row) -> int:
        return 0 if row.slot is None or row.is_new else int(self._slots.lengths[row.slot])

    def _need(self, row: Row) -> int:
        """Tokens that a row has when its next turn is over."""
        return self._tokens(row) + len(row.unfed) + row.max_tokens
