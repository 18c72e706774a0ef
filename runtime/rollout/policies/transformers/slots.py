"""The cache of keys and values: one slot a row, tokens packed from the front.

Storage is one tensor a layer, (slots, heads, capacity, dimension). A forward pass writes the keys
of its chunk where `Passage` says and reads the columns up to the longest row; what a row does not
have is hidden by the mask. The last column belongs to nobody: padding is written there.

The host knows the ids that each slot stands for, also of a slot whose episode is over, until
another takes it. So the longest common prefix with any slot can be copied instead of computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

STEP = 64
"""Columns are added in multiples of this."""
WORTHWHILE = 8
"""A shorter common prefix is not worth a copy."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Passage:
    """Where one forward pass writes and what it reads."""

    rows: torch.Tensor | None
    """(rows,) slots in the order of the batch; None for the first `count` as they lie."""
    count: int
    """Rows of the batch."""
    columns: torch.Tensor
    """(rows, width): the column of each token."""
    length: int
    """Columns that are read."""


class Slots:
    """Keys and values of all layers, and the ids that they stand for."""

    def __init__(self, layers: int, count: int) -> None:
        self.count = count
        self.capacity = 0
        self.lengths: Ints = np.zeros(count, dtype=np.int64)
        """Tokens whose keys a slot holds."""
        self.ids: Ints = np.zeros((count, 0), dtype=np.int64)
        """(slots, capacity): which tokens; valid up to `lengths`."""
        self.passage: Passage | None = None
        """Of the forward pass under way."""
        self._layers = [_layer(self) for _ in range(layers)]

    @property
    def cache(self) -> Any:
        """As a transformers model takes it."""
        from transformers import Cache

        return Cache(layers=self._layers)

    @property
    def scratch(self) -> int:
        """The column that belongs to nobody."""
        return self.capacity - 1

    def resize(self, kept: Ints, count: int, tokens: int) -> None:
        """`count` slots for `tokens` each; the slots `kept` become the first, in this order."""
        capacity = -(-(tokens + 1) // STEP) * STEP
        for layer in self._layers:
            layer.resize(kept, count, capacity)
        lengths, ids = np.zeros(count, dtype=np.int64), np.zeros((count, capacity), dtype=np.int64)
        lengths[: len(kept)] = self.lengths[kept]
        width = min(self.capacity, capacity)
        ids[: len(kept), :width] = self.ids[kept, :width]
        self.count, self.capacity, self.lengths, self.ids = count, capacity, lengths, ids

    def common(self, ids: Ints) -> tuple[int, int]:
        """The slot with the longest common prefix, and its tokens; 0 tokens where none is worth it."""
        width = min(len(ids), self.ids.shape[1])
        if width < WORTHWHILE:
            return 0, 0
        differs = self.ids[:, :width] != ids[:width]
        same = np.where(differs.any(axis=1), differs.argmax(axis=1), width)
        same = np.minimum(same, self.lengths)
        best = int(same.argmax())
        found = int(same[best])
        return best, found if found >= WORTHWHILE else 0

    def copy(self, sources: Ints, targets: Ints, tokens: Ints) -> None:
        """Give each target the first tokens of its source, all at once."""
        longest = int(tokens.max(initial=0))
        if longest:
            for layer in self._layers:
                layer.copy(sources, targets, longest)
            self.ids[targets, :longest] = self.ids[sources, :longest]
        self.lengths[targets] = tokens


def _layer(slots: Slots) -> Any:
    """A layer of a transformers cache whose place and extent `slots.passage` says."""
    import torch
    from transformers.cache_utils import CacheLayerMixin

    class SlotLayer(CacheLayerMixin):  # type: ignore[misc] # transformers is untyped
        def lazy_initialization(self, key_states: Any, value_states: Any) -> None:
            self.keys, self.values = (
                states.new_zeros(slots.count, states.shape[1], slots.capacity, states.shape[3])
                for states in (key_states, value_states)
            )
            self.is_initialized = True

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> Any:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            passage = slots.passage
            assert passage is not None
            return (
                _passed(self.keys, key_states, passage),
                _passed(self.values, value_states, passage),
            )

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            assert slots.passage is not None
            return slots.passage.length, 0

        def get_seq_length(self) -> int:
            return 0  # masks and positions are given; nothing is derived from this

        def get_max_length(self) -> int:
            return -1

        def resize(self, kept: Ints, count: int, capacity: int) -> None:
            if self.is_initialized:
                self.keys = _resized(self.keys, kept, count, capacity)
                self.values = _resized(self.values, kept, count, capacity)

        def copy(self, sources: Ints, targets: Ints, longest: int) -> None:
            here = self.keys.device
            source, target = (torch.from_numpy(a).to(here) for a in (sources, targets))
            for stored in (self.keys, self.values):
                stored[target, :, :longest] = stored[:, :, :longest].index_select(0, source)

    return SlotLayer()


def _passed(stored: torch.Tensor, states: torch.Tensor, passage: Passage) -> torch.Tensor:
    """Write a chunk's states (rows, heads, width, dimension); what the pass reads."""
    import torch

    if passage.rows is None:
        rows = torch.arange(passage.count, device=stored.device)
        whole = stored[: passage.count, :, : passage.length]
    else:
        rows, whole = passage.rows, None
    stored[rows[:, None], :, passage.columns] = states.transpose(1, 2)
    if whole is None:
        return stored[:, :, : passage.length].index_select(0, rows)
    return whole


def _resized(stored: torch.Tensor, kept: Ints, count: int, capacity: int) -> torch.Tensor:
    import torch

    new = stored.new_zeros(count, stored.shape[1], capacity, stored.shape[3])
    width = min(capacity, stored.shape[2])
    rows = torch.from_numpy(kept).to(stored.device)
    new[: len(kept), :, :width] = stored[:, :, :width].index_select(0, rows)
    return new
