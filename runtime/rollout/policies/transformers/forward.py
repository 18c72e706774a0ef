"""The model over the slots: chunks of many rows in, logits where they are asked for out."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mrlc.runtime.rollout.policies.transformers.attention import (
    UnknownAttention,
    attending,
    without_adapter,
)
from mrlc.runtime.rollout.policies.transformers.passage import Chunk, passage
from mrlc.runtime.rollout.policies.transformers.slots import Slots

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class Forward:
    """A model over the slots of one session."""

    def __init__(self, model: PreTrainedModel, slots: Slots) -> None:
        self._model = model
        self._slots = slots
        self._cache = slots.cache
        forward = without_adapter(model).forward
        self._keeps = "logits_to_keep" in inspect.signature(forward).parameters

    def run(self, chunks: Sequence[Chunk], asked: Sequence[int]) -> torch.Tensor:
        """The logits after the last `asked` tokens of each chunk, (sum of asked, vocabulary).

        What a slot holds stays as long as it was: `Slots.lengths` is for the caller to move.
        """
        ends = np.cumsum([len(chunk.ids) for chunk in chunks])
        kept = [np.arange(end - count, end) for end, count in zip(ends, asked, strict=True)]
        logits = self._logits(chunks, np.concatenate(kept).astype(np.int64))
        for chunk in chunks:
            self._slots.ids[chunk.slot, chunk.start : chunk.end] = chunk.ids
        return logits

    def _logits(self, chunks: Sequence[Chunk], kept: Any) -> torch.Tensor:
        import torch

        device = self._model.device
        laid_out = self._slots.passage = passage(chunks, device)
        rows = torch.from_numpy(kept).to(device)
        with attending(self._model):
            output = self._model(
                input_ids=laid_out.ids[None],
                position_ids=laid_out.columns[None],
                past_key_values=self._cache,
                use_cache=True,
                passage=laid_out,
                **({"logits_to_keep": rows} if self._keeps else {}),
            )
        if laid_out.layers != self._slots.layers:  # else rows would have been read as one
            raise UnknownAttention("its layers do not attend as its configuration says")
        logits: torch.Tensor = output.logits[0]
        return logits if self._keeps else logits[rows]


def layers(model: PreTrainedModel) -> int:
    """Layers that keep keys and values.

    Raises:
        UnknownCache: some layers keep something else, such as a recurrent state.
    """
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None) or []
    unknown = sorted(set(kinds) - {"full_attention", "sliding_attention"})
    if unknown:
        raise UnknownCache(unknown)
    return int(config.num_hidden_layers)


class UnknownCache(Exception):
    """A model whose layers keep something other than keys and values."""

    def __init__(self, kinds: list[str]) -> None:
        super().__init__(f"layers of kind {', '.join(kinds)} keep no keys and values")
