"""Rankings of groups: a table of what counts as a flip, and the laws of counting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrlc.runtime.agreement import Judged, Offender, agreement, auc, offenders
from mrlc.runtime.rankings import Rankings, Rewards, rank

CASES = {
    "nothing": (
        [(0.0, 0.0), (1.0, 1.0)],
        Rankings(1, 0, 1, informative_before=1, informative_after=1),
    ),
    "rescaled": (
        [(0.0, 0.4), (1.0, 0.6)],
        Rankings(1, 0, 1, informative_before=1, informative_after=1),
    ),
    "reversed": (
        [(0.0, 1.0), (1.0, 0.0)],
        Rankings(1, 1, 1, reversed=1, sign_changes=1, informative_before=1, informative_after=1),
    ),
    "tied": (
        [(0.0, 1.0), (1.0, 1.0)],
        Rankings(1, 1, 1, tied=1, sign_changes=1, informative_before=1),
    ),
    "split": (
        [(0.5, 0.0), (0.5, 1.0)],
        Rankings(1, 1, 1, split=1, sign_changes=1, informative_after=1),
    ),
    "rounding is no order": ([(0.3, 0.3), (0.1 + 0.2, 0.3)], Rankings(1, 0, 1)),
    "the mean moves past a member": (
        [(0.0, 0.0), (0.6, 0.4), (1.0, 1.0)],
        Rankings(1, 0, 3, sign_changes=1, informative_before=1, informative_after=1),
    ),
    "unscorable": ([(None, None), (1.0, 0.5), (0.0, None)], Rankings(1)),
    "empty": ([], Rankings(1)),
}


@pytest.mark.parametrize("case", CASES)
def test_group(case: str) -> None:
    group, expected = CASES[case]
    assert rank([group]) == expected


rewards = st.sampled_from([0.0, 0.25, 0.5, 1.0])
groups = st.lists(st.lists(st.tuples(rewards, rewards), min_size=1, max_size=5), max_size=4)


@given(groups)
def test_the_same_reward_flips_nothing(found: list[list[Rewards]]) -> None:
    same: list[list[Rewards]] = [[(old, old) for old, _ in group] for group in found]
    ranked = rank(same)
    assert (ranked.flipped, ranked.reversed, ranked.tied, ranked.split) == (0, 0, 0, 0)
    assert ranked.sign_changes == 0
    assert ranked.informative_before == ranked.informative_after


@given(groups)
def test_turning_back_swaps_ties_and_splits(found: list[list[Rewards]]) -> None:
    there, back = rank(found), rank([[(new, old) for old, new in group] for group in found])
    assert (there.flipped, there.reversed, there.tied) == (back.flipped, back.reversed, back.split)
    assert there.informative_before == back.informative_after


@given(st.lists(rewards, min_size=1), st.lists(rewards, min_size=1))
def test_auc_is_the_share_of_pairs(right: list[float], wrong: list[float]) -> None:
    wins = [(one > two) + (one == two) / 2 for one in right for two in wrong]
    assert auc(right, wrong) == pytest.approx(sum(wins) / len(wins))


def test_agreement_leaves_unscorable_episodes_out() -> None:
    found = agreement(
        [
            Judged(1.0, 1.0, {"fields": 1.0}),
            Judged(0.5, 0.0, {"fields": 0.0}),
            Judged(None, None),
        ]
    )
    assert (found.reward, found.success, found.auc) == (0.75, 0.5, 1.0)
    assert (found.paid_at_success, found.paid_at_failure) == (1.0, 0.5)
    assert found.components == {"fields": 0.5}
    nothing = agreement([Judged(None, None)])
    assert (nothing.reward, nothing.components, nothing.auc) == (None, {}, None)


def test_offenders_are_paid_failures_dearest_first() -> None:
    def one(member: int, reward: float, score: float) -> Offender:
        return Offender("t", "train", 1, member, reward, score, "")

    given = [one(0, 0.2, 0.0), one(1, 0.9, 0.5), one(2, 1.0, 1.0), one(3, 0.0, 0.0), one(4, 0.9, 0)]
    assert [found.member for found in offenders(given)] == [1, 4, 0]
