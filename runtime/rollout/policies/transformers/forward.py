"""A ragged chunk through the model: what its rows hold is attended to, and nothing else.

Rows differ in length. Each token has its own position; a row shorter than the chunk is padded with
tokens that nobody attends to, and whose keys go to the column that belongs to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrlc.runtime.rollout.policies.transformers.slots import Ints, Passage, Slots

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

DENSE = 2
"""All slots up to the last are computed where at least one in this many is asked for: computing a
row for nothing is then cheaper than copying the keys of all others."""


class Forward:
    """A model over the slots of one session."""

    def __init__(self, model: PreTrainedModel, slots: Slots, *, pad_id: int) -> None:
        self._model = model
        self._body = _body(model)
        self._slots = slots
        self._cache = slots.cache
        self._pad_id = pad_id

    def feed(self, rows: Ints, chunks: list[Ints]) -> None:
        """Put a chunk into each of `rows`; nothing is read of what the model says to it."""
        slots, order = self._slots, np.argsort(rows)
        rows, chunks = rows[order], [chunks[place] for place in order]
        sizes = np.array([len(chunk) for chunk in chunks])
        width = int(sizes.max())
        tokens = np.full((len(rows), width), self._pad_id, dtype=np.int64)
        for row, chunk in zip(tokens, chunks, strict=True):
            row[: len(chunk)] = chunk
        places = np.arange(width)[None]
        is_real = places < sizes[:, None]
        starts = slots.lengths[rows]
        columns = np.where(is_real, starts[:, None] + places, slots.scratch)
        positions = starts[:, None] + np.minimum(places, sizes[:, None] - 1)
        is_dense = int(rows[-1]) + 1 == len(rows)
        self._pass(self._body, tokens, positions, columns, None if is_dense else rows)
        slots.ids[np.repeat(rows, sizes), columns[is_real]] = tokens[is_real]
        slots.lengths[rows] += sizes

    def step(self, rows: Ints, tokens: Ints) -> torch.Tensor:
        """Feed one token to each of `rows`, ascending; the logits after it, (rows, vocabulary)."""
        slots = self._slots
        last = int(rows[-1]) + 1
        is_dense = DENSE * len(rows) >= last
        batch = np.arange(last) if is_dense else rows
        fed = np.full(len(batch), self._pad_id, dtype=np.int64)
        columns = np.full(len(batch), slots.scratch, dtype=np.int64)
        places = rows if is_dense else np.arange(len(rows))
        fed[places], columns[places] = tokens, slots.lengths[rows]
        positions = np.zeros(len(batch), dtype=np.int64)
        positions[places] = slots.lengths[rows]
        output = self._pass(
            self._model,
            fed[:, None],
            positions[:, None],
            columns[:, None],
            None if is_dense else rows,
        )
        slots.ids[rows, slots.lengths[rows]] = tokens
        slots.lengths[rows] += 1
        logits: torch.Tensor = output.logits[:, -1]
        return logits if len(places) == len(batch) else logits[self._tensor(places)]

    def _pass(
        self, module: Any, tokens: Ints, positions: Ints, columns: Ints, rows: Ints | None
    ) -> Any:
        length = int(positions.max()) + 1
        at = self._tensor(positions)
        self._slots.passage = Passage(
            rows=None if rows is None else self._tensor(rows),
            count=len(tokens),
            columns=self._tensor(columns),
            length=length,
        )
        return module(
            input_ids=self._tensor(tokens),
            attention_mask=self._masks(at, length),
            position_ids=at,
            past_key_values=self._cache,
            use_cache=True,
        )

    def _masks(self, positions: torch.Tensor, length: int) -> Any:
        """What each token attends to, (rows, 1, width, length); by kind of layer where they differ."""
        kinds = _windows(self._model.config)
        masks = {kind: self._mask(positions, length, window) for kind, window in kinds.items()}
        return masks if len(masks) > 1 else next(iter(masks.values()))

    def _mask(self, positions: torch.Tensor, length: int, window: int | None) -> torch.Tensor:
        import torch

        columns, own = torch.arange(length, device=positions.device), positions[:, None, :, None]
        allowed = columns <= own
        if window is not None:
            allowed &= columns > own - window
        dtype = (
            self._model.dtype
        )  # added to the scores: a mask of truth values is turned by each layer
        lowest = torch.tensor(torch.finfo(dtype).min, dtype=dtype, device=positions.device)
        return torch.where(allowed, torch.zeros_like(lowest), lowest)

    def _tensor(self, values: Ints) -> torch.Tensor:
        import torch

        return torch.from_numpy(values).to(self._model.device)


def layers(model: PreTrainedModel) -> int:
    """Layers that keep keys and values.

    Raises:
        UnknownCache: some layers keep something else, such as a recurrent state.
    """
    config = model.config.get_text_config()
    unknown = sorted(set(_kinds(config)) - {"full_attention", "sliding_attention"})
    if unknown:
        raise UnknownCache(unknown)
    return int(config.num_hidden_layers)


class UnknownCache(Exception):
    """A model whose layers keep something other than keys and values."""

    def __init__(self, kinds: list[str]) -> None:
        super().__init__(f"layers of kind {', '.join(kinds)} keep no keys and values")


def _kinds(config: Any) -> list[str]:
    return list(getattr(config, "layer_types", None) or ["full_attention"])


def _windows(config: Any) -> dict[str, int | None]:
    """Kind of layer → how far back it attends; None for all."""
    text = config.get_text_config()
    window = getattr(text, "sliding_window", None)
    if getattr(text, "layer_types", None) is None:
        is_used = getattr(text, "use_sliding_window", True)
        return {"full_attention": window if is_used else None}
    return {
        kind: window if kind == "sliding_attention" else None
        for kind in dict.fromkeys(_kinds(text))
    }


def _body(model: Any) -> Any:
    """The model without its output layer, so that logits are made only where they are read."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return inner.base_model
