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
    monkeypatch.setattr(session, "CPU", session.PassTokens(7, 7))
    scripts = [[[n] * 30, [n, n + 1]] for n in range(3, 8)]
    played = play(policy(model), list(range(5)), scripts)
    assert_faithful(model, scripts, played)
    assert max(sum(len(chunk.ids) for chunk in chunks) for chunks in passes) == 7


def test_who_needs_little_of_a_long_prompt_is_not_kept_waiting(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of four computes the prompt, in four passes; then the others write beside it."""
    monkeypatch.setattr(session, "CPU", session.PassTokens(16, 16))
    play(policy(model, draft_tokens=0), [1, 2, 3, 4], [[[*range(3, 63)]]] * 4, max_tokens=3)
    sizes = [[len(chunk.ids) for chunk in chunks] for chunks in passes]
    assert sizes == [[16], [16], [16], [12], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1]]


def test_a_prompt_longer_than_a_pass_is_computed_beside_who_writes(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CPU", session.PassTokens(16, 16))
    scripts = [[[5] * 4], [[6] * 60]]
    play(policy(model, draft_tokens=0), [1, 2], scripts, max_tokens=5)
    sizes = [[len(chunk.ids) for chunk in chunks] for chunks in passes]
    assert sizes[:5] == [[4, 12], [1, 15], [1, 15], [1, 15], [1, 3]]


def test_a_pass_has_no_more_logits_than_it_may(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PASS_LOGITS", 3 * model.config.vocab_size)
    scripts = [[[n] * 3] for n in range(3, 10)]
    played = play(policy(model), list(range(7)), scripts)
    assert_faithful(model, scripts, played)
    assert max(map(len, passes)) == 3


def test_who_has_begun_ends_before_others_begin(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that its tool runs while they are computed."""
    monkeypatch.setattr(session, "CPU", session.PassTokens(4, 4))
    play(policy(model, draft_tokens=0), [1, 2, 3], [[[n] * 4] for n in (5, 6, 7)], max_tokens=3)
    sizes = [[len(chunk.ids) for chunk in chunks] for chunks in passes]
    assert sizes == [[4], [1, 3], [1, 1, 2], [1, 2], [1, 1], [1]]


def test_rows_that_have_begun_take_turns(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PASS_LOGITS", 2 * model.config.vocab_size)
    play(policy(model, draft_tokens=0), [1, 2, 3, 4], [[[5]]] * 4, max_tokens=4)
    served = [chunk.slot for chunks in passes for chunk in chunks]
    assert all(len(set(served[place : place + 2])) == 2 for place in range(0, len(served) - 1, 2))


@pytest.mark.parametrize(
    ("fewest", "rows", "pause_s", "sizes"),
    [
        (6, 4, 0.05, [[7, 7], [7], [7]]),  # the tools of the first two run beside the second pass
        (28, 4, 0.05, [[7, 7, 7, 7]]),  # too little to be worth two
        (6, 4, 0, [[7, 7, 7, 7]]),  # nothing to wait for
        (4, 1, 0.05, [[7]]),  # nobody to wait for it
    ],
)
def test_where_tools_take_time_those_who_are_ready_go_in_two_passes(
    model: Any,
    passes: Passes,
    monkeypatch: pytest.MonkeyPatch,
    fewest: int,
    rows: int,
    pause_s: float,
    sizes: list[list[int]],
) -> None:
    monkeypatch.setattr(session, "CPU", session.PassTokens(fewest, 64))
    scripts = [[[n] * 6, [n] * 6] for n in range(5, 5 + rows)]
    play(policy(model), list(range(rows)), scripts, max_tokens=1, pauses=[pause_s])
    first, *then = [[len(chunk.ids) for chunk in chunks] for chunks in passes]
    assert (first, then) == ([6] * rows, sizes)


def test_deterministic_rows_are_not_divided_by_the_time_of_their_tools(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CPU", session.PassTokens(6, 64))
    scripts = [[[n] * 6, [n] * 6] for n in range(5, 9)]
    seen = []
    for pauses in ([0], [0.05], [0, 0.05]):
        passes.clear()
        play(policy(model, deterministic=True), [1, 2, 3, 4], scripts, max_tokens=1, pauses=pauses)
        seen.append([[len(chunk.ids) for chunk in chunks] for chunks in passes])
    assert seen[0] == seen[1] == seen[2] == [[6] * 4, [7] * 4]


def test_those_who_come_back_together_share_a_pass(
    model: Any, passes: Passes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "GATHERING_S", 0.2)
    scripts = [[[n] * 3, [n] * 3] for n in (5, 6, 7)]
    play(policy(model), [1, 2, 3], scripts, max_tokens=1, pauses=[0.01, 0.05, 0.1])
    assert [len(chunks) for chunks in passes] == [3, 3]
