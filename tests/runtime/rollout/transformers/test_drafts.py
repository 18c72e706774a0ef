"""Guesses save passes and change nothing of what is written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.rollout.policies.transformers import forward
from mrlc.runtime.rollout.policies.transformers.drafts import MOST, ORDER, Drafts
from mrlc.runtime.rollout.policies.transformers.session import _standing
from tests.runtime.rollout.transformers.test_policy import END, assert_faithful, play, policy

CALL = [11, 12, 13, 14, 15, 16]


@pytest.mark.parametrize(
    ("written", "most", "guessed"),
    [
        ([CALL], 8, []),  # once may be chance
        ([CALL, CALL], 8, [14, 15, 16]),
        ([CALL, CALL], 2, [14, 15]),
        ([CALL, [*CALL[:4], 99], CALL], 8, [14]),  # what varies is not guessed
        ([[*CALL[:4], END, 5], [*CALL[:4], END, 5]], 8, [14, END]),
    ],
)
def test_what_followed_twice_is_guessed(
    written: list[list[int]], most: int, guessed: list[int]
) -> None:
    assert Drafts(written).guess(tuple(CALL[:ORDER]), most, end_id=END) == guessed


def test_what_is_always_so_survives_an_exception() -> None:
    drafts = Drafts([*[CALL] * (MOST + 3), [*CALL[:3], 99]])
    assert drafts.guess(tuple(CALL[:ORDER]), 1, end_id=END) == [14]


def test_what_is_told_again_guesses_the_same() -> None:
    drafts = Drafts([CALL, CALL, [*CALL[:4], 99]])
    again = Drafts.of(drafts.table())
    assert again.table().tolist() == drafts.table().tolist()
    context = tuple(CALL[:ORDER])
    assert again.guess(context, 8, end_id=END) == drafts.guess(context, 8, end_id=END) != []
    assert Drafts.of(Drafts().table()).guess(context, 8, end_id=END) == []


def test_a_full_memory_forgets_what_guesses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrlc.runtime.rollout.policies.transformers.drafts.ENTRIES", 8)
    drafts = Drafts([CALL, CALL, [*range(30, 41)]])
    assert len(drafts.table()) <= 8
    assert drafts.guess(tuple(CALL[:ORDER]), 8, end_id=END) == [14, 15, 16]


@pytest.mark.parametrize(
    ("drawn", "guess", "count"),
    [
        ([7], [], 1),
        ([7, 8, 9], [7, 8], 3),
        ([7, 8, 9], [7, 5], 2),
        ([6, 8, 9], [7, 8], 1),
        ([7, END, 9], [7, END], 2),  # a turn is over at its end
    ],
)
def test_drawn_tokens_stand_to_the_first_wrong_guess(
    drawn: list[int], guess: list[int], count: int
) -> None:
    assert _standing(drawn, guess, END) == count


@settings(max_examples=10, deadline=None)
@given(tokens=st.integers(1, 16), temperature=st.sampled_from([0.0, 0.05, 1.0]))
def test_guesses_change_nothing_of_what_is_written(tokens: int, temperature: float) -> None:
    model = repetitive()
    scripts = [[[5, 6, 7, n], [8, 9, n], [8, 9, n]] for n in range(3, 9)]
    seeds = list(range(6))
    plain, drafted = (
        play(policy(model, temperature, draft_tokens=most), seeds, scripts, max_tokens=24)
        for most in (0, tokens)
    )
    ids = [[turn.ids for turn in turns] for turns in plain]
    assert [[turn.ids for turn in turns] for turns in drafted] == ids
    if temperature == 1.0:
        assert_faithful(model, scripts, drafted)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one a pass of a model."""
    passes: list[int] = []
    count = forward.Forward.run
    monkeypatch.setattr(forward.Forward, "run", lambda *given: passes.append(1) or count(*given))
    return passes


def test_guesses_save_passes(passes: list[int]) -> None:
    model = repetitive()
    used = {}
    for most in (0, 8):
        passes.clear()
        play(policy(model, 0.0, draft_tokens=most), [1, 2], [[[5, 6, 7]] * 4] * 2, max_tokens=32)
        used[most] = len(passes)
    assert used[8] < used[0] / 3


def test_drafts_that_are_kept_save_the_next_session_its_first_passes(passes: list[int]) -> None:
    acting, kept = policy(repetitive(), 0.0), policy(repetitive(), 0.0)
    kept.drafts = Drafts()
    turns, used = {}, {}
    for name, each in (("cold", acting), ("cold again", acting), ("first", kept), ("warm", kept)):
        passes.clear()
        turns[name] = [one.ids for one in play(each, [1], [[[5, 6, 7]]], max_tokens=32)[0]]
        used[name] = len(passes)
    assert len({str(ids) for ids in turns.values()}) == 1
    assert used["cold"] == used["cold again"] == used["first"] > 1.5 * used["warm"]


def test_frames_save_each_session_its_first_passes(passes: list[int]) -> None:
    """To a model that writes what they show, at no price in what is written."""
    turns, used = {}, {}
    for name, acting in (("cold", policy(repetitive(), 0.0)), ("told", policy(repetitive(), 0.0))):
        if name == "told":
            (first,) = turns["cold"]
            acting.frames = [[5, 6, 7, *first]] * 2
        for again in (False, True):
            passes.clear()
            turns[name] = [one.ids for one in play(acting, [1], [[[5, 6, 7]]], max_tokens=32)[0]]
            used[name, again] = len(passes)
    assert turns["told"] == turns["cold"]
    assert used["cold", False] == used["cold", True] > 3 * used["told", False]
    assert used["told", False] == used["told", True]


def repetitive() -> Any:
    """A model that all but always writes the same eight tokens round and round."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(5)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        embedding = model.get_input_embeddings().weight
        embedding.copy_(torch.randn_like(embedding).sign())
        output = model.get_output_embeddings().weight
        for token in range(64):
            output[20 + (token + 1) % 8] += 0.2 * embedding[token]
    return model
