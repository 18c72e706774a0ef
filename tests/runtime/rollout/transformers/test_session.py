"""Which rows go into a pass, and what they are fed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mrlc.runtime.rollout.policies.transformers import forward, session
from mrlc.runtime.rollout.policies.transformers.passage import Chunk
from tests.runtime.rollout.transformers.test_policy import assert_faithful, play, policy

Passes = list[list[Chunk]]


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    """The chunks of each pass, as they are run."""
    seen: Passes = []
    run = forward.Forward.run

    def noted(self: Any, chunks: Sequence[Chunk], asked: Sequence[int]) -> Any:
        seen.append(list(chunks))
        return run(self, chunks, asked)

    monkeypatch.setattr(forward.Forward, "run", noted)
    return seen


def test_what_prompts_have_in_common_is_computed_once(model: Any, passes: Passes) -> None:
    system, groups, members = list(range(3, 43)), 3, 4
    prompts = [system + [50 + group] * 20 for group in range(groups) for _ in range(members)]
    scripts = [[prompt] for prompt in prompts]
    played = play(policy(model), list(range(len(prompts))), scripts, max_tokens=1)
    assert_faithful(model, scripts, played)
    fed = sum(len(chunk.ids) for chunks in passes for chunk in chunks)
    assert fed == 40 + groups * 20 + groups * (members - 1)  # a follower: the last token alone


def test_a_pass_has_no_more_tokens_than_it_may(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PASS_TOKENS", {"cpu": 7})
    scripts = [[[n] * 30, [n, n + 1]] for n in range(3, 8)]
    played = play(policy(model), list(range(5)), scripts)
    assert_faithful(model, scripts, played)
    assert max(sum(len(chunk.ids) for chunk in chunks) for chunks in passes) == 7


def test_a_pass_has_no_more_logits_than_it_may(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PASS_LOGITS", 3 * model.config.vocab_size)
    scripts = [[[n] * 3] for n in range(3, 10)]
    played = play(policy(model), list(range(7)), scripts)
    assert_faithful(model, scripts, played)
    assert max(map(len, passes)) == 3


def test_nobody_is_served_twice_before_another_is_served(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for one token a pass, rows take turns."""
    monkeypatch.setattr(session, "PASS_TOKENS", {"cpu": 1})
    play(policy(model, draft_tokens=0), [1, 2, 3], [[[5]], [[6]], [[7]]], max_tokens=2)
    slots = [chunk.slot for chunks in passes for chunk in chunks]
    assert sorted(slots[:3]) == [0, 1, 2]
    assert slots[3:6] == slots[:3]
