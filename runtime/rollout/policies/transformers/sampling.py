"""One token from each row of logits, by a uniform number of the row's own.

The cumulative distribution is inverted, so that a row's choice depends on its own logits and its
own number, never on how many numbers its neighbours drew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

BLOCK = 512
"""Tokens whose probabilities are summed first, where the vocabulary is large."""
LARGE = 8 * BLOCK
"""Tokens from which two levels of sums are cheaper than one of all."""


def choose(
    logits: torch.Tensor, uniform: torch.Tensor, *, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """A token of each row and its natural log-probability, both (rows,).

    `logits` is (rows, vocabulary), `uniform` (rows,) from [0, 1) in double precision. A
    `temperature` of 0 is greedy; log-probabilities are then those of temperature 1.
    """
    import torch

    logprobs = torch.log_softmax(logits.float() / (temperature or 1.0), dim=-1)
    if temperature == 0:
        token = logprobs.argmax(dim=-1)
    elif logits.shape[-1] <= LARGE:
        token = _inverted(logprobs.double().exp(), uniform)
    else:
        token = _inverted_by_blocks(logprobs.exp(), uniform)
    return token, logprobs.gather(1, token[:, None]).squeeze(1)


def _inverted(weights: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """The first place whose cumulative weight exceeds the row's share of the sum."""
    import torch

    cumulative = weights.cumsum(dim=-1)
    threshold = (uniform * cumulative[:, -1])[:, None]
    place = torch.searchsorted(cumulative, threshold, right=True).squeeze(1)
    return place.clamp(max=weights.shape[-1] - 1)


def _inverted_by_blocks(weights: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """The same over sums of blocks, then within the block that was found."""
    import torch

    rows, size = weights.shape
    padded = torch.nn.functional.pad(weights, (0, -size % BLOCK)).view(rows, -1, BLOCK)
    sums = padded.sum(dim=-1, dtype=torch.float64)
    block = _inverted(sums, uniform)
    cumulative = sums.cumsum(dim=-1)
    before = (cumulative - sums).gather(1, block[:, None]).squeeze(1)
    within = padded[torch.arange(rows, device=weights.device), block].double().cumsum(dim=-1)
    threshold = (uniform * cumulative[:, -1] - before)[:, None]
    place = torch.searchsorted(within, threshold, right=True).squeeze(1)
    return (block * BLOCK + place.clamp(max=BLOCK - 1)).clamp(max=size - 1)
