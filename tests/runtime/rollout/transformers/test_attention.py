"""Attention over slots is each row's own attention, however rows are grouped."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.rollout.policies.transformers import passage as laying
from mrlc.runtime.rollout.policies.transformers.attention import (
    UnknownAttention,
    _folded,
    _fused,
    attend,
)
from mrlc.runtime.rollout.policies.transformers.passage import (
    DENSE,
    RAGGED,
    WIDE,
    Chunk,
    passage,
)

CPU = torch.device("cpu")
HEADS, SHARE, WIDTH, SLOTS, CAPACITY = 4, 2, 8, 12, 96

chunks = st.dictionaries(
    st.integers(0, SLOTS - 1),
    st.tuples(st.integers(0, 60), st.integers(1, 2 * WIDE)),
    min_size=1,
).map(lambda rows: [Chunk(slot, start, [0] * size) for slot, (start, size) in rows.items()])
splits = st.sampled_from([laying._by_place, laying._by_size])


def alone(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, window: int | None
) -> torch.Tensor:
    """Attention of the last tokens of one sequence, in double precision; heads first."""
    key, value = (kept.double().repeat_interleave(SHARE, dim=0) for kept in (key, value))
    width, length = query.shape[1], key.shape[1]
    own = torch.arange(length - width, length)[:, None]
    columns = torch.arange(length)
    is_seen = columns <= own
    if window is not None:
        is_seen &= columns > own - window
    scores = query.double() @ key.transpose(1, 2) / WIDTH**0.5
    return torch.softmax(scores.masked_fill(~is_seen, -torch.inf), -1) @ value


@settings(max_examples=60, deadline=None)
@given(chunks=chunks, split=splits, window=st.sampled_from([None, 1, 9]))
def test_each_row_attends_to_its_own_tokens(
    chunks: list[Chunk], split: Any, window: int | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(laying, "_by_place", split)
        laid_out = passage(chunks, CPU)
    torch.manual_seed(len(chunks))
    total = sum(len(chunk.ids) for chunk in chunks)
    query = torch.randn(1, HEADS, total, WIDTH)
    key, value = torch.randn(2, SLOTS, HEADS // SHARE, CAPACITY, WIDTH)
    found, _ = attend(None, query, key, value, None, passage=laid_out, sliding_window=window)
    start = 0
    for chunk in chunks:
        own = slice(start, start := start + len(chunk.ids))
        kept = key[chunk.slot, :, : chunk.end], value[chunk.slot, :, : chunk.end]
        expected = alone(query[0, :, own], *kept, window)
        assert torch.allclose(found[0, own].transpose(0, 1).double(), expected, atol=1e-5)


@given(chunks=chunks)
def test_groups_have_every_row_once_and_waste_little(chunks: list[Chunk]) -> None:
    for split in (laying._by_place, laying._by_size):
        groups = [[chunks[place] for place in members] for members in split(chunks)]
        rows = [chunk.slot for group in groups for chunk in group]
        assert sorted(rows) == sorted(chunk.slot for chunk in chunks)
    for group in laying._by_place(chunks):
        slots = [chunks[place].slot for place in group]
        assert slots[-1] - slots[0] + 1 <= DENSE * len(slots)
        assert len(group) == 1 or all(len(chunks[place].ids) < WIDE for place in group)
    for group in laying._by_size(chunks):
        sizes = [len(chunks[place].ids) for place in group]
        assert max(sizes) <= RAGGED * min(sizes)


@pytest.mark.parametrize("is_masked", [True, False])
def test_heads_that_share_keys_may_be_folded_into_rows(is_masked: bool) -> None:
    torch.manual_seed(1)
    query = torch.randn(3, HEADS, 5, WIDTH)
    key, value = torch.randn(2, 3, HEADS // SHARE, 11, WIDTH)
    mask = torch.where(torch.rand(3, 1, 5, 11) < 0.3, -1e9, 0.0) if is_masked else None
    folded = _folded(query, key, value, mask, None)
    assert torch.allclose(folded, _fused(query, key, value, mask, None), atol=1e-6)


@pytest.mark.parametrize("argument", [{"position_bias": 1}, {"dropout": 0.1}])
def test_an_argument_that_it_does_not_know_is_refused(argument: dict[str, Any]) -> None:
    laid_out = passage([Chunk(0, 0, [1])], CPU)
    states = torch.zeros(1, 1, 1, WIDTH)
    with pytest.raises(UnknownAttention, match=next(iter(argument))):
        attend(None, states, states, states, None, passage=laid_out, **argument)
