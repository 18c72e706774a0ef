"""What an evaluation comes to: every episode in one cell, every figure a function of outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime import intervals
from mrlc.runtime.compare import compare
from mrlc.runtime.outcomes import Outcome, summarise
from mrlc.runtime.rollout.trajectory import StopCause


@pytest.fixture(autouse=True, scope="module")
def _few_draws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "DRAWS", 400)
        yield


def outcome(task: int, score: float | None, stop: StopCause = StopCause.ANSWERED) -> Outcome:
    return Outcome(str(task), stop, score, turns=2, calls=1)


CELLS = [
    (StopCause.ANSWERED, 1.0, "answered-right"),
    (StopCause.ANSWERED, 0.5, "answered-wrong"),
    (StopCause.FINISHED, 1.0, "finished-right"),
    (StopCause.FINISHED, 0.0, "finished-wrong"),
    (StopCause.TURNS, 0.0, "turns"),
    (StopCause.TURNS, 1.0, "turns-right"),  # the work was done, and never said so
    (StopCause.ENVIRONMENT_ERROR, None, "environment_error"),
]


@pytest.mark.parametrize(("stop", "score", "cell"), CELLS)
def test_cell(stop: StopCause, score: float | None, cell: str) -> None:
    assert outcome(1, score, stop).cell == cell


def test_a_broken_episode_is_in_neither_rate() -> None:
    outcomes = [outcome(1, 1.0), outcome(2, 0.0), outcome(3, None, StopCause.ENVIRONMENT_ERROR)]
    found = summarise(outcomes, seed=1)
    assert (found.success, found.mean_score, found.unscorable) == (0.5, 0.5, 1)
    assert found.completion == 1.0
    assert sum(found.cells.values()) == sum(found.causes.values()) == found.tasks == 3


def test_a_tool_that_ends_the_episode_completes_it() -> None:
    found = summarise(
        [outcome(1, 1.0, StopCause.FINISHED), outcome(2, 0.0, StopCause.TURNS)], seed=1
    )
    assert found.completion == 0.5
    assert found.intervals["completion"][0] > 0


def test_nothing_scorable() -> None:
    found = summarise([outcome(1, None, StopCause.ENVIRONMENT_ERROR)], seed=1, pass_at=(1,))
    assert (found.success, found.mean_score, found.completion) == (None, None, None)
    assert (found.pass_at, found.intervals) == ({}, {})


sampled = st.lists(st.lists(st.booleans(), min_size=4, max_size=6), min_size=1, max_size=6)


@settings(deadline=None, max_examples=30)
@given(sampled, st.integers(1, 4))
def test_pass_at_k_is_the_mean_over_tasks_of_all_draws_of_k(
    tasks: list[list[bool]], k: int
) -> None:
    outcomes = [
        Outcome(str(i), StopCause.ANSWERED, 1.0, 1, 0, samples=len(one), successes=sum(one))
        for i, one in enumerate(tasks)
    ]
    expected = fmean(fmean(map(any, combinations(one, k))) for one in tasks)
    found = summarise(outcomes, seed=1, pass_at=(k,))
    assert found.pass_at[str(k)] == pytest.approx(expected)
    low, high = found.intervals[f"pass_at_{k}"]
    assert 0 <= low < high <= 1


def test_tasks_with_too_few_scorable_samples_say_nothing_of_pass_at_k() -> None:
    outcomes = [
        Outcome("1", StopCause.ANSWERED, 1.0, 1, 0, samples=4, successes=1),
        Outcome("2", StopCause.ANSWERED, 1.0, 1, 0, samples=1, successes=1),
    ]
    assert summarise(outcomes, seed=1, pass_at=(4,)).pass_at == {"4": 1.0}


def test_fields_count_over_scorable_episodes() -> None:
    outcomes = [
        Outcome("1", StopCause.ANSWERED, 1.0, 1, 0, {"job": True, "days": True}),
        Outcome("2", StopCause.ANSWERED, 0.0, 1, 0, {"job": True, "days": False}),
        Outcome("3", StopCause.ENVIRONMENT_ERROR, None, 1, 0, {"job": False, "days": False}),
    ]
    found = summarise(outcomes, seed=1)
    assert found.fields == {"job": 1.0, "days": 0.5}
    assert {"fields.job", "fields.days"} <= set(found.intervals)


Scores = dict[int, float | None]


def result(scores: Scores) -> dict[str, object]:
    outcomes = [
        outcome(task, score, StopCause.ENVIRONMENT_ERROR if score is None else StopCause.ANSWERED)
        for task, score in scores.items()
    ]
    return summarise(outcomes, seed=1).as_json()


def test_a_comparison_pairs_by_task() -> None:
    before = result({1: 0.0, 2: 1.0, 3: 0.5, 4: None, 5: 1.0})
    after = result({5: 1.0, 4: 1.0, 3: 1.0, 2: 0.0, 1: 1.0})
    found = compare(before, after, digest="d")
    assert found is not None
    assert (found.tasks, found.difference, found.p) == (4, 0.25, 1.0)
    assert (found.fixed, found.broken) == (["3", "1"], ["2"])
    low, high = found.interval
    assert -1 <= low <= 0.25 <= high <= 1
    assert found == compare(before, after, digest="d")


UNPAIRED: dict[str, Callable[[], dict[str, object]]] = {
    "no common task": lambda: result({2: 1.0}),
    "unscorable": lambda: result({1: None}),
    "a result without outcomes": dict,
}


@pytest.mark.parametrize("case", UNPAIRED)
def test_nothing_to_pair(case: str) -> None:
    other = UNPAIRED[case]()
    assert compare(result({1: 1.0}), other, digest="d") is None
    assert compare(other, result({1: 1.0}), digest="d") is None


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_swapping_the_sides_mirrors_the_comparison(pairs: list[tuple[bool, bool]]) -> None:
    first = result({i: float(one) for i, (one, _) in enumerate(pairs)})
    second = result({i: float(one) for i, (_, one) in enumerate(pairs)})
    there, back = compare(first, second, digest="d"), compare(second, first, digest="d")
    assert there is not None
    assert back is not None
    assert (there.fixed, there.broken, there.p) == (back.broken, back.fixed, back.p)
    assert there.difference == pytest.approx(-back.difference)
    assert there.interval == pytest.approx([-bound for bound in reversed(back.interval)])
