"""Micro-batches of episodes that are alike in length, so that none is padded to the longest of all.

TRL deals the episodes of a step out at random. Where the loss of a step is a sum over its tokens
or episodes, with one divisor for all, it is the same however they are dealt; where each
micro-batch is averaged by itself, it is not, and the deal stays TRL's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

Batch = dict[str, Any]
"""Tensors with a row an episode, and numbers of the whole step."""


def deals_alike(loss: str, *, has_means: bool) -> bool:
    """Whether a step's gradient is the same however its episodes are dealt out.

    bnpo divides by the tokens of the micro-batch. `has_means`: whether the loss has a term that
    is a mean over the micro-batch, as an entropy bonus or the balance of experts.
    """
    return loss != "bnpo" and not has_means


def sorted_by_length(batches: Sequence[Batch], *, shares_prompts: bool) -> list[Batch]:
    """The same episodes in as many batches, dealt out for the least work."""
    import torch

    names = batches[0].keys()
    whole = {name: _joined([batch[name] for batch in batches]) for name in names}
    lengths = whole["completion_mask"].sum(1)
    which = torch.unique(whole["prompt_ids"], dim=0, return_inverse=True)[1]
    of_group = torch.zeros(int(which.max()) + 1, dtype=lengths.dtype, device=lengths.device)
    of_group = of_group.scatter_reduce(0, which, lengths, "amax")[which]
    orders = [
        _order(lengths),
        _order(of_group, which, lengths),  # groups stay together, to share their prompts
    ]
    width = whole["prompt_ids"].size(1)

    def work(order: torch.Tensor) -> int:
        """Tokens that go through the model."""
        total = 0
        for part in order.chunk(len(batches)):
            prompts = len(which[part].unique()) if shares_prompts else len(part)
            total += prompts * width + len(part) * int(lengths[part].max())
        return total

    best = min(orders, key=work)
    return [
        {name: _rows(value, part) for name, value in whole.items()}
        for part in best.chunk(len(batches))
    ]


def _order(*keys: torch.Tensor) -> torch.Tensor:
    """Places sorted by the first key, then the second, …"""
    import torch

    order = torch.arange(len(keys[0]), device=keys[0].device)
    for key in reversed(keys):
        order = order[torch.argsort(key[order], stable=True)]
    return order


def _joined(values: list[Any]) -> Any:
    import torch

    first = values[0]
    return torch.cat(values) if _has_rows(first) else first


def _rows(value: Any, places: torch.Tensor) -> Any:
    return value[places] if _has_rows(value) else value


def _has_rows(value: Any) -> bool:
    return value is not None and value.ndim > 0
