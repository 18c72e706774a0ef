"""How many tokens of keys and values a device has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SHARE = 0.5
"""Of the memory that is free, where the spec says nothing: the rest is for the training step."""


def tokens_that_fit(model: PreTrainedModel, gigabytes: float | None) -> int:
    """Tokens whose keys and values take `gigabytes` (10⁹ bytes); None: half of what is free."""
    budget = _free(model) * SHARE if gigabytes is None else gigabytes * 1e9
    return max(1, int(budget // bytes_a_token(model)))


def bytes_a_token(model: PreTrainedModel) -> int:
    """Bytes of the keys and values of one token, over all layers."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    dimension = (
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )
    return int(2 * config.num_hidden_layers * heads * dimension * model.dtype.itemsize)


def _free(model: PreTrainedModel) -> int:
    import psutil
    import torch

    if model.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(model.device)
        cached = torch.cuda.memory_reserved(model.device) - torch.cuda.memory_allocated(
            model.device
        )
        return int(free + cached)
    return int(psutil.virtual_memory().available)
