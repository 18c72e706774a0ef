"""One pass of the model over tokens of many rows, one after another without padding.

    row 3   ▮▮▮▮▮▮▮▮            a prompt or a tool's result
    row 0   ▮▮▮                 the token that was written last, and guesses at what follows
    row 5   ▮▮▮
            └──────────────▶    (1, tokens) to the model; attention alone sees rows

What a layer computes for each token by itself is computed for all of them at once. Attention reads
the keys of a token's own row: rows are put into groups, and each group is one call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Ints = NDArray[np.int64]

WIDE = 16
"""A chunk of so many tokens keeps a core busy by itself, and would widen its neighbours'."""
DENSE = 2
"""A group reads a whole range of slots where at least one in this many is its own: to compute a row
for nothing is then cheaper than to copy the keys of the others."""
RAGGED = 2
"""On an accelerator rows go together whose chunks are at most so many times as long as each other."""


@dataclass(frozen=True)
class Chunk:
    """What a row is fed in one pass."""

    slot: int
    start: int
    """Tokens that the slot holds, so the column of the first of these."""
    ids: Sequence[int]

    @property
    def end(self) -> int:
        """Columns that its last token reads."""
        return self.start + len(self.ids)


@dataclass
class Group:
    """Rows whose attention is one call; padded to the longest chunk among them."""

    slots: slice | torch.Tensor
    """A range of slots, rows in it that are not the group's computed for nothing; or each one."""
    tokens: slice | torch.Tensor
    """Which tokens of the pass: those of its only row, or (rows, width), where padding repeats one."""
    positions: torch.Tensor
    """(rows, width): the column of each."""
    length: int
    """Columns that are read."""
    is_seen_whole: bool
    """Whether each token reads all of those columns, so that there is nothing to mask."""
    real: torch.Tensor | None = None
    """Where in (rows × width) no padding stands; None where nothing is padded."""
    _masks: dict[int | None, torch.Tensor | None] = field(default_factory=dict)

    def take(self, of_pass: torch.Tensor) -> torch.Tensor:
        """Those of (tokens, heads, dimension) as (rows, heads, width, dimension)."""
        if isinstance(self.tokens, slice):
            return of_pass[self.tokens].transpose(0, 1)[None]
        rows = of_pass.index_select(0, self.tokens.flatten())
        return rows.view(*self.tokens.shape, *rows.shape[1:]).transpose(1, 2)

    def put(self, rows: torch.Tensor, of_pass: torch.Tensor) -> None:
        """Set (tokens, heads, dimension) to what was found for its rows, (rows, heads, width, dimension)."""
        if isinstance(self.tokens, slice):
            of_pass[self.tokens] = rows[0].transpose(0, 1)
            return
        found, tokens = rows.transpose(1, 2).flatten(0, 1), self.tokens.flatten()
        if self.real is not None:
            found, tokens = found.index_select(0, self.real), tokens.index_select(0, self.real)
        of_pass.index_copy_(0, tokens, found)

    def read(self, stored: torch.Tensor) -> torch.Tensor:
        """Keys or values of the rows, (rows, heads, length, dimension)."""
        columns = stored[:, :, : self.length]
        if isinstance(self.slots, slice):
            return columns[self.slots]
        return columns.index_select(0, self.slots)

    def mask(self, window: int | None, dtype: torch.dtype) -> torch.Tensor | None:
        """What is added to the scores, (rows, 1, width, length); None where all is seen."""
        if window not in self._masks:
            self._masks[window] = self._made_mask(window, dtype)
        return self._masks[window]

    def _made_mask(self, window: int | None, dtype: torch.dtype) -> torch.Tensor | None:
        import torch

        if self.is_seen_whole and (window is None or window >= self.length):
            return None
        own = self.positions[:, None, :, None]
        columns = torch.arange(self.length, device=own.device)
        is_hidden = columns > own
        if window is not None:
            is_hidden |= columns <= own - window
        nothing = torch.zeros((), dtype=dtype, device=own.device)
        return torch.where(is_hidden, torch.finfo(dtype).min, nothing)


@dataclass
class Passage:
    """Where the tokens of one pass go, and with whom each is attended."""

    ids: torch.Tensor
    """(tokens,)"""
    slots: torch.Tensor
    """(tokens,)"""
    columns: torch.Tensor
    """(tokens,): also its position in the sequence."""
    groups: Sequence[Group]
    layers: int = 0
    """Those whose attention has been computed."""


def passage(chunks: Sequence[Chunk], device: torch.device) -> Passage:
    """Lay out a pass; attention is grouped as the device likes it."""
    import torch

    def tensor(values: Ints) -> torch.Tensor:
        return torch.from_numpy(values).to(device)

    sizes = np.array([len(chunk.ids) for chunk in chunks])
    starts = np.cumsum(sizes) - sizes
    split = _by_place if device.type == "cpu" else _by_size
    return Passage(
        ids=tensor(np.concatenate([np.array(chunk.ids, dtype=np.int64) for chunk in chunks])),
        slots=tensor(np.repeat([chunk.slot for chunk in chunks], sizes)),
        columns=tensor(np.concatenate([np.arange(chunk.start, chunk.end) for chunk in chunks])),
        groups=[
            _alone(chunks[members[0]], int(starts[members[0]]), tensor)
            if len(members) == 1
            else _together([chunks[member] for member in members], starts[members], tensor)
            for members in split(chunks)
        ],
    )


def _alone(chunk: Chunk, start: int, tensor: Callable[[Ints], torch.Tensor]) -> Group:
    return Group(
        slots=slice(chunk.slot, chunk.slot + 1),
        tokens=slice(start, start + len(chunk.ids)),
        positions=tensor(np.arange(chunk.start, chunk.end)[None]),
        length=chunk.end,
        is_seen_whole=len(chunk.ids) == 1,
    )


def _together(
    chunks: Sequence[Chunk], starts: Ints, tensor: Callable[[Ints], torch.Tensor]
) -> Group:
    """`starts`: where each chunk begins in the pass."""
    slots, rows = _seats(chunks)
    sizes = np.array([len(chunk.ids) for chunk in chunks])[:, None]
    steps = np.arange(sizes.max())
    within = np.minimum(steps, sizes - 1)
    count = len(chunks) if slots is None else slots.stop - slots.start
    tokens = np.full((count, len(steps)), starts[0], dtype=np.int64)
    positions, is_real = np.zeros_like(tokens), np.zeros_like(tokens, dtype=bool)
    tokens[rows] = starts[:, None] + within
    positions[rows] = np.array([chunk.start for chunk in chunks])[:, None] + within
    is_real[rows] = steps < sizes
    length = max(chunk.end for chunk in chunks)
    return Group(
        slots=slots or tensor(np.array([chunk.slot for chunk in chunks])),
        tokens=tensor(tokens),
        positions=tensor(positions),
        length=length,
        is_seen_whole=bool((positions[rows] == length - 1).all()),
        real=None if is_real.all() else tensor(np.flatnonzero(is_real)),
    )


def _by_place(chunks: Sequence[Chunk]) -> Iterator[list[int]]:
    """Wide chunks one by one; of the others, those whose slots lie close together, together."""
    narrow = []
    for place, chunk in enumerate(chunks):
        if len(chunk.ids) >= WIDE:
            yield [place]
        else:
            narrow.append(place)
    narrow.sort(key=lambda place: chunks[place].slot)
    together: list[int] = []
    for place in narrow:
        if together:
            span = chunks[place].slot - chunks[together[0]].slot + 1
            if span > DENSE * (len(together) + 1):
                yield together
                together = []
        together.append(place)
    if together:
        yield together


def _by_size(chunks: Sequence[Chunk]) -> Iterator[list[int]]:
    """Few calls, each of chunks of like length."""
    order = sorted(range(len(chunks)), key=lambda place: -len(chunks[place].ids))
    while order:
        longest = len(chunks[order[0]].ids)
        together = [place for place in order if RAGGED * len(chunks[place].ids) >= longest]
        yield sorted(together, key=lambda place: chunks[place].slot)
        order = order[len(together) :]


def _seats(chunks: Sequence[Chunk]) -> tuple[slice | None, list[int]]:
    """A range of slots and the chunks' rows in it; no range where it would be read for too few."""
    first, last = chunks[0].slot, chunks[-1].slot
    if last - first + 1 > DENSE * len(chunks):
        return None, list(range(len(chunks)))
    return slice(first, last + 1), [chunk.slot - first for chunk in chunks]
