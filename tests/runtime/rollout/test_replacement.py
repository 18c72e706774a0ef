"""Episodes run anew: who, how often, with which seed, and what is kept of them."""

from __future__ import annotations

import pytest

from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.replacement import TRIES, Replacements
from mrlc.runtime.rollout.trajectory import StopCause, Trajectory
from mrlc.runtime.task import Task
from mrlc.schemas.rollout import Rollout


def request(task: str, member: int = 0, seed: int = 7) -> EpisodeRequest:
    return EpisodeRequest(Task(task, "train", {}), member, seed, presentation=3)


def ended(of: EpisodeRequest, stop: StopCause, detail: str = "") -> Trajectory:
    return Trajectory(of.task, of.member, (), (), stop, detail=detail)


def broke(of: EpisodeRequest, detail: str = "f: OSError") -> Trajectory:
    return ended(of, StopCause.ENVIRONMENT_ERROR, detail)


@pytest.mark.parametrize("stop", [one for one in StopCause if one != "environment_error"])
def test_only_what_broke_is_run_anew(stop: StopCause) -> None:
    again = Replacements(10)
    assert again(request("a"), ended(request("a"), stop)) is None
    assert again.replaced == []


def test_the_new_seed_comes_of_the_old_one_and_the_rest_stays() -> None:
    old = request("a", member=2)
    new = Replacements(1)(old, broke(old))
    assert new is not None
    assert (new.task, new.member, new.presentation) == (old.task, 2, 3)
    assert new.seed != old.seed
    assert new == Replacements(1)(old, broke(old))


def test_one_task_does_not_spend_what_the_others_need() -> None:
    again, now = Replacements(10), request("a")
    seeds = {now.seed}
    for _ in range(TRIES):
        new = again(now, broke(now))
        assert new is not None
        now = new
        seeds.add(now.seed)
    assert len(seeds) == TRIES + 1
    assert again(now, broke(now)) is None
    assert again(request("a", member=1), broke(request("a", member=1))) is not None


def test_the_budget_is_kept() -> None:
    requests = [request(f"t{i}") for i in range(10)]
    again = Replacements.of(Rollout(replacements=0.25), requests)
    granted = [again(one, broke(one)) is not None for one in requests]
    assert sum(granted) == 3  # a quarter of ten, rounded up
    assert Replacements.of(Rollout(replacements=0.0), requests)(requests[0], broke(requests[0])) is None  # fmt: skip


def test_what_was_replaced_is_kept_whatever_order_it_ended_in() -> None:
    again = Replacements(5)
    for task, why in (("b", "1"), ("a", "2"), ("b", "3")):
        again(request(task), broke(request(task), why))
    assert [(t.task.id, t.detail) for t in again.replaced] == [("a", "2"), ("b", "1"), ("b", "3")]
