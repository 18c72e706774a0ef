"""Credit of turns: the expected gradient is the true one, which the naive form's is not.

The toy is small enough to sum over: a policy of two probabilities, and every group that it can
sample, weighted by its probability. In turn 1 the policy goes on or stops; in turn 2 it is right
or wrong. Going on is paid a little at once and more if turn 2 is right; stopping is paid apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrlc.runtime.reward import RewardScore
from mrlc.runtime.train.credit import turn_advantages

Advantage = Callable[[Sequence[RewardScore]], Sequence[Sequence[float]]]

GO, RIGHT = 0.7, 0.4
"""Chances of going on in turn 1, and of being right in turn 2."""

# (probability, d log p of turn 1 and 2 by their logits, what is paid)
EPISODES = [
    (1 - GO, (-GO,), RewardScore(0.35, {}, (0.0,))),
    (GO * RIGHT, (1 - GO, 1 - RIGHT), RewardScore(0.8, {}, (0.2, 0.6))),
    (GO * (1 - RIGHT), (1 - GO, -RIGHT), RewardScore(0.25, {}, (0.2, 0.0))),
]
MEMBERS = 3


def true_gradient() -> tuple[float, float]:
    """Of the expected reward (1-GO)·0.35 + GO·(0.2 + RIGHT·0.6 + (1-RIGHT)·0.05) by both logits."""
    value_of_going = RIGHT * 0.8 + (1 - RIGHT) * 0.25
    by_go = GO * (1 - GO) * (value_of_going - 0.35)
    by_right = GO * RIGHT * (1 - RIGHT) * (0.8 - 0.25)
    return by_go, by_right


def expected_gradient(advantages: Advantage) -> tuple[float, float]:
    """The mean of sum A(t)·d log p(t) over every group, a member."""
    found = [0.0, 0.0]
    for group in product(EPISODES, repeat=MEMBERS):
        chance = math.prod(probability for probability, _, _ in group)
        credits = advantages([score for _, _, score in group])
        for (_, slopes, _), turns in zip(group, credits, strict=True):
            for turn, (slope, advantage) in enumerate(zip(slopes, turns, strict=True)):
                found[turn] += chance * slope * advantage / MEMBERS
    return found[0], found[1]


def ours(scores: Sequence[RewardScore]) -> Sequence[Sequence[float]]:
    return turn_advantages(scores, group_size=MEMBERS, scale="none")


def naive(scores: Sequence[RewardScore], *, is_scaled: bool = True) -> Sequence[Sequence[float]]:
    """Each turn's own pay, normalised over the members that reached the turn."""
    pays = [
        [*score.turns[:-1], score.turns[-1] + score.total - sum(score.turns)] for score in scores
    ]
    found: list[list[float]] = [[] for _ in scores]
    for turn in range(2):
        there = [member for member, row in enumerate(pays) if len(row) > turn]
        mean = sum(pays[member][turn] for member in there) / max(1, len(there))
        square = sum((pays[member][turn] - mean) ** 2 for member in there) / max(1, len(there))
        for member in there:
            divisor = math.sqrt(square) + 1e-4 if is_scaled else 1.0
            found[member].append((pays[member][turn] - mean) / divisor)
    return found


def angle(left: tuple[float, float], right: tuple[float, float]) -> float:
    """Degrees between two directions."""
    cosine = sum(a * b for a, b in zip(left, right, strict=True))
    return math.degrees(math.acos(min(1, cosine / math.hypot(*left) / math.hypot(*right))))


def test_expected_gradient_is_the_true_one_times_n_less_1_over_n() -> None:
    factor = (MEMBERS - 1) / MEMBERS
    expected = [factor * one for one in true_gradient()]
    assert list(expected_gradient(ours)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("is_scaled", [True, False])
def test_naive_normalisation_leads_elsewhere(is_scaled: bool) -> None:
    found = expected_gradient(lambda scores: naive(scores, is_scaled=is_scaled))
    assert found[0] < 0 < true_gradient()[0]  # it learns to stop, where going on pays
    assert angle(found, true_gradient()) > 30
    assert angle(expected_gradient(ours), true_gradient()) < 0.01


TOTALS = [0.9, 0.1, 0.4, 0.4]


@pytest.mark.parametrize("scale", ["group", "batch"])
def test_without_pay_by_turn_it_is_grpo(scale: str) -> None:
    import torch

    scores = [RewardScore(total, {}, (0.0,) * (1 + member)) for member, total in enumerate(TOTALS)]
    rewards = torch.tensor(TOTALS)
    expected = (rewards - rewards.mean()) / (rewards.std() + 1e-4)
    for row, value in zip(
        turn_advantages(scores, group_size=4, scale=scale), expected.tolist(), strict=True
    ):
        assert row == pytest.approx([value] * len(row), abs=1e-5)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        # equal pay at different times: what was paid is no longer to be earned
        ([(1.0, 0.0), (0.0, 1.0)], [(0.0, -0.5), (0.0, 0.5)]),
        # one that ended counts 0 from then on
        ([(0.0,), (0.0, 1.0)], [(-0.5,), (0.5, 0.5)]),
        ([(0.5,), (0.5, 0.0)], [(0.0,), (0.0, 0.0)]),
    ],
)
def test_reward_to_go(turns: list[tuple[float, ...]], expected: list[tuple[float, ...]]) -> None:
    scores = [RewardScore(sum(paid), {}, paid) for paid in turns]
    assert turn_advantages(scores, group_size=2, scale="none") == expected


def test_an_episode_without_a_reward_is_left_out() -> None:
    one, other = RewardScore(1.0, {}, (0.5,)), RewardScore(0.0, {}, (0.0,))
    found = turn_advantages([one, None, other, None], group_size=4, scale="none")
    assert found == [(0.5,), (), (-0.5,), ()]


SCORES = st.lists(
    st.lists(st.floats(-1, 1), min_size=1, max_size=4).flatmap(
        lambda turns: st.floats(-1, 1).map(
            lambda apart: RewardScore(apart + math.fsum(turns), {}, tuple(turns))
        )
    ),
    min_size=2,
    max_size=6,
)


@given(SCORES, st.sampled_from(["group", "batch", "none"]))
def test_first_turns_add_up_to_nothing_and_all_are_finite(
    scores: list[RewardScore], scale: str
) -> None:
    found = turn_advantages(scores, group_size=len(scores), scale=scale)
    assert all(math.isfinite(value) for row in found for value in row)
    largest = max(abs(value) for row in found for value in row)
    assert abs(sum(row[0] for row in found)) <= 1e-6 * max(1.0, largest)
