"""The cached policy computes what a full forward pass computes, row by row."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrlc.runtime.rollout.policies.policy import Written
from mrlc.runtime.rollout.policies.transformers import TransformersPolicy

END = 2
Script = list[list[int]]


def policy(model: Any, temperature: float = 1.0) -> TransformersPolicy:
    return TransformersPolicy(model, end_id=END, pad_id=0, temperature=temperature)


def play(
    acting: TransformersPolicy, seeds: list[int], scripts: list[Script], max_tokens: int = 6
) -> list[list[Written]]:
    """Feed each row its chunks in turn; rows stop when their script is used up."""

    async def one(sequence: Any, script: Script) -> list[Written]:
        turns = []
        for chunk in script:
            turns.append(await sequence.write(chunk, max_tokens=max_tokens))
        sequence.close()
        return turns

    async def all_() -> list[list[Written]]:
        rows = acting.open(seeds)
        return await asyncio.gather(*(one(r, s) for r, s in zip(rows, scripts, strict=True)))

    return asyncio.run(all_())


def teacher_forced(model: Any, script: Script, turns: list[Written]) -> list[list[float]]:
    """Log-probs of each turn's ids by one plain forward pass over the whole sequence."""
    ids: list[int] = []
    spans = []
    for chunk, turn in zip(script, turns, strict=True):
        ids += chunk
        spans.append((len(ids), len(ids) + len(turn.ids)))
        ids += turn.ids
    with torch.no_grad():
        logprobs = torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0].float(), -1)
    return [[float(logprobs[i - 1, ids[i]]) for i in range(*span)] for span in spans]


chunks = st.lists(st.integers(3, 200), min_size=1, max_size=9)
scripts = st.lists(st.lists(chunks, min_size=1, max_size=4), min_size=1, max_size=5)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scripts=scripts)
def test_logprobs_equal_teacher_forced_ones(model: Any, scripts: list[Script]) -> None:
    played = play(policy(model), list(range(len(scripts))), scripts)
    for script, turns in zip(scripts, played, strict=True):
        for turn, expected in zip(turns, teacher_forced(model, script, turns), strict=True):
            assert list(turn.logprobs) == pytest.approx(expected, abs=1e-4)


def test_a_row_does_not_depend_on_its_neighbours(model: Any) -> None:
    script = [[5, 6, 7], [9, 10]]
    alone = play(policy(model), [11], [script])[0]
    company = play(policy(model), [4, 11, 5], [[[8] * 9], script, [[3], [4], [5]]])[1]
    assert [turn.ids for turn in company] == [turn.ids for turn in alone]


def test_equal_seeds_give_equal_bits_and_different_seeds_differ(model: Any) -> None:
    script = [[5, 6, 7], [9, 10]]
    first, again, other = play(policy(model), [1, 1, 2], [script] * 3)
    assert first == again
    assert first != other
    assert play(policy(model), [1, 1, 2], [script] * 3)[0] == first


def test_greedy_takes_the_likeliest(model: Any) -> None:
    (turn,) = play(policy(model, temperature=0), [1], [[[5, 6]]], max_tokens=1)[0]
    with torch.no_grad():
        expected = int(model(input_ids=torch.tensor([[5, 6]])).logits[0, -1].argmax())
    assert turn.ids == (expected,)


def test_samples_follow_the_distribution(model: Any) -> None:
    n = 4000
    turns = play(policy(model), list(range(n)), [[[5, 6]]] * n, max_tokens=1)
    counts = torch.bincount(torch.tensor([t[0].ids[0] for t in turns]), minlength=model.vocab_size)
    with torch.no_grad():
        expected = torch.softmax(model(input_ids=torch.tensor([[5, 6]])).logits[0, -1], -1)
    # total variation of n draws from k outcomes is about sqrt(k / (2 pi n)): here 0.1
    assert float((counts / n - expected).abs().sum() / 2) < 0.15


def test_a_limit_cuts_the_turn_and_says_so(model: Any) -> None:
    turns = play(policy(model), [1], [[[5, 6], [7]]], max_tokens=3)[0]
    for turn in turns:
        assert len(turn.ids) <= 3
        assert turn.has_ended == (turn.ids[-1] == END)


def test_a_failing_model_fails_every_waiter(model: Any) -> None:
    with pytest.raises(IndexError):
        play(policy(model), [1, 2], [[[10**6]], [[5]]])
