"""The cache of keys and values: one slot a row, tokens packed from the front.

Storage is one tensor a layer, (slots, heads, capacity, dimension). A pass writes the keys of its
tokens where its `Passage` says; attention reads the columns up to a row's last. What a slot has not
is masked or not read, but is a number all the same: storage starts as zeros.

The host knows the ids that each slot stands for, also of a slot whose episode is over, until
another takes it. So the longest common prefix with any slot can be copied instead of computed.
"""

from __future__ import annotations

import math
import mmap
from typing import TYPE_CHECKING, Any

import numpy as np

from mrlc.runtime.rollout.policies.transformers.passage import Ints, Passage

if TYPE_CHECKING:
    import torch

STEP = 64
"""Columns are added in multiples of this."""
WORTHWHILE = 8
"""A shorter common prefix is not worth a copy."""


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
        self.layers = layers
        self._layers = [_layer(self) for _ in range(layers)]

    @property
    def cache(self) -> Any:
        """As a transformers model takes it."""
        from transformers import Cache

        return Cache(layers=self._layers)

    def resize(self, kept: Ints, count: int, tokens: int) -> None:
        """`count` slots for `tokens` each; the slots `kept` become the first, in this order."""
        capacity = -(-tokens // STEP) * STEP
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
    """A layer of a transformers cache; `slots.passage` says where a pass writes."""
    import torch
    from transformers.cache_utils import CacheLayerMixin

    class SlotLayer(CacheLayerMixin):  # type: ignore[misc] # transformers is untyped
        def lazy_initialization(self, key_states: Any, value_states: Any) -> None:
            self.keys, self.values = (
                _zeros((slots.count, states.shape[1], slots.capacity, states.shape[3]), states)
                for states in (key_states, value_states)
            )
            self.is_initialized = True

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> Any:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            at = slots.passage
            assert at is not None
            for stored, states in ((self.keys, key_states), (self.values, value_states)):
                stored[at.slots, :, at.columns] = states[0].transpose(0, 1)
            return self.keys, self.values

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return slots.capacity, 0  # no mask is made from this

        def get_seq_length(self) -> int:
            return 0  # positions are given

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


def _resized(stored: torch.Tensor, kept: Ints, count: int, capacity: int) -> torch.Tensor:
    import torch

    new = _zeros((count, stored.shape[1], capacity, stored.shape[3]), stored)
    width = min(capacity, stored.shape[2])
    if np.array_equal(kept, np.arange(len(kept))):
        new[: len(kept), :, :width] = stored[: len(kept), :, :width]
    else:
        rows = torch.from_numpy(kept).to(stored.device)
        new[: len(kept), :, :width] = stored[:, :, :width].index_select(0, rows)
    return new


def _zeros(shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    """Zeros; on a CPU in pages that are there once they are written to (`is_lazy`)."""
    import torch

    if not is_lazy(like.device):
        return like.new_zeros(shape)
    pages = mmap.mmap(-1, math.prod(shape) * like.itemsize)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):  # a large page would take up what no token has reached
        pages.madvise(mmap.MADV_NOHUGEPAGE)
    return torch.frombuffer(pages, dtype=like.dtype).view(shape)


def is_lazy(device: torch.device) -> bool:
    """Whether storage takes up memory only as far as it is written to."""
    return device.type == "cpu"
