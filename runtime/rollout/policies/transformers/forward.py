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
        self._run(self._body, rows, chunks)
        self._slots.lengths[rows] += [len(chunk) for chunk in chunks]

    def try_out(self, rows: Ints, chunks: list[Ints]) -> torch.Tensor:
        """The logits after each token of a chunk, (rows, longest chunk, vocabulary).

        What a row holds stays as long as it was: `Slots.lengths` is for the caller to move.
        """
        output, places = self._run(self._model, rows, chunks)
        logits: torch.Tensor = output.logits
        is_same = np.array_equal(places, np.arange(len(logits)))
        return logits if is_same else logits[self._tensor(places)]

    def _run(self, module: Any, rows: Ints, chunks: list[Ints]) -> tuple[Any, Ints]:
        """What the module says, and where `rows` are in it."""
        slots, last = self._slots, int(rows.max()) + 1
        is_dense = DENSE * len(rows) >= last
        places = rows if is_dense else np.arange(len(rows))
        batch = last if is_dense else len(rows)
        sizes = np.array([len(chunk) for chunk in chunks])
        offsets = np.arange(int(sizes.max()))[None]
        is_real, starts = offsets < sizes[:, None], slots.lengths[rows][:, None]
        fed = np.full(is_real.shape, self._pad_id, dtype=np.int64)
        fed[is_real] = np.concatenate(chunks)
        at = np.where(is_real, starts + offsets, slots.scratch)
        tokens = np.full((batch, offsets.size), self._pad_id, dtype=np.int64)
        positions, columns = np.zeros_like(tokens), np.full_like(tokens, slots.scratch)
        tokens[places], columns[places] = fed, at
        positions[places] = starts + np.minimum(offsets, sizes[:, None] - 1)
        output = self._pass(module, tokens, positions, columns, None if is_dense else rows)
        slots.ids[np.repeat(rows, sizes), at[is_real]] = fed[is_real]
        return output, places

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
