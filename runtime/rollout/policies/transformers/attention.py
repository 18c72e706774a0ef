"""Attention of a pass, in the place of the model's own while the pass lasts.

transformers lets a model's attention be replaced by name. Ours is given the keys and values of all
slots, reads those of each group's rows, and knows everything else that its own forms know: grouped
query heads without a copy of the keys for each, sliding windows, capped scores, sinks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mrlc.runtime.rollout.policies.transformers.passage import Passage

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

NAME = "mrlc_passage"
IGNORED = frozenset(
    {"position_ids", "use_cache", "cache_position", "is_causal", "output_attentions"}
    | {"output_hidden_states", "output_router_logits", "return_dict"}
)
"""Arguments that change nothing of what is computed here."""


class UnknownAttention(Exception):
    """A model that attends in a way that cannot be run over slots."""


def check_attention(model: PreTrainedModel) -> None:
    """See that the model lets its attention be replaced.

    Raises:
        UnknownAttention: it does not.
    """
    if not getattr(without_adapter(model), "_supports_attention_backend", False):
        raise UnknownAttention("its attention cannot be replaced by one that keeps rows apart")


@contextmanager
def attending(model: PreTrainedModel) -> Iterator[None]:
    """Our attention in the place of the model's own."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)
    config = without_adapter(model).config.get_text_config()
    own = config._attn_implementation
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = own


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: None,
    *,
    passage: Passage | None = None,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """What transformers asks of an attention; `query` is (1, heads, tokens, dimension).

    `key` and `value` are (slots, heads, capacity, dimension); the result (1, tokens, heads,
    dimension). `s_aux` are logits of sinks, (heads,).

    Raises:
        UnknownAttention: there is an argument whose meaning is not known.
    """

    unknown = [name for name, is_ in others.items() if is_ is not None and name not in IGNORED]
    if passage is None or unknown or dropout:
        what = ", ".join(unknown) or ("dropout" if dropout else "no arguments of its caller")
        raise UnknownAttention(f"its attention takes {what}")
    passage.layers += 1
    asked = query[0].transpose(0, 1)
    found = query.new_empty(*asked.shape[:2], value.shape[-1])
    for group in passage.groups:
        given = group.take(asked), group.read(key), group.read(value)
        mask = group.mask(sliding_window, query.dtype)
        if softcap is None and s_aux is None:
            rows = _fused(*given, mask, scaling)
        else:
            rows = _by_scores(*given, mask, scaling, softcap, s_aux)
        group.put(rows, found)
    return found[None], None


def _fused(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float | None,
) -> torch.Tensor:
    """One kernel. On CUDA none takes a mask and grouped heads, so there a group's are its rows."""
    from torch.nn.functional import scaled_dot_product_attention as fused

    share = query.shape[1] // key.shape[1]
    if share == 1 or query.device.type == "cpu":
        return fused(query, key, value, mask, scale=scaling, enable_gqa=share > 1)
    return _folded(query, key, value, mask, scaling)


def _folded(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float | None,
) -> torch.Tensor:
    """Query heads that share keys as further rows of one head."""
    from torch.nn.functional import scaled_dot_product_attention as fused

    rows, heads, width, _ = query.shape
    share = heads // key.shape[1]
    folded = query.reshape(rows, key.shape[1], share * width, -1)
    if mask is not None:
        mask = mask.repeat(1, 1, share, 1)
    return fused(folded, key, value, mask, scale=scaling).reshape(rows, heads, width, -1)


def _by_scores(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scaling: float | None,
    softcap: float | None,
    sinks: torch.Tensor | None,
) -> torch.Tensor:
    """What no fused kernel does: capped scores, and sinks, which take a share and give nothing."""
    import torch

    share = query.shape[1] // key.shape[1]
    key, value = (kept.repeat_interleave(share, dim=1) for kept in (key, value))
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = (query @ key.transpose(2, 3)).float() * scale
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    if mask is not None:
        scores = scores + mask
    if sinks is not None:
        sunk = sinks.float().view(1, -1, 1, 1).expand(*scores.shape[:3], 1)
        scores = torch.cat([scores, sunk], dim=-1)
    weights = torch.softmax(scores, dim=-1)[..., : key.shape[2]]
    return weights.to(value.dtype) @ value


def without_adapter(model: Any) -> Any:
    """The model inside of an adapter."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model
