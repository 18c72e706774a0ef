"""Stored episodes under another plan's reward and scorer, without a model.

Each episode of a run is read back, its answer once more where the new plan reads answers
differently, and is paid and scored as the new plan says. Old figures are the recorded rewards
and the old plan's scorer. What counts is not the new mean but where the two disagree: with
each other on the order within groups, and with the evaluation on what deserves pay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from mrlc.runtime.agreement import Agreement, Judged, Offender, agreement, offenders
from mrlc.runtime.answer import AnswerParser, InvalidAnswer
from mrlc.runtime.comparable import answer_meaning, require_same_world, same_prompts
from mrlc.runtime.endpoint import Endpoints
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.runtime.rankings import Rankings, Rewards, rank
from mrlc.runtime.record import RunFolder
from mrlc.runtime.reward import Reward, RewardScore
from mrlc.runtime.rollout.trajectory import StopCause, Trajectory
from mrlc.runtime.scorers import load_scorer
from mrlc.runtime.setup import SPLITS, load_plan
from mrlc.runtime.tasks import load_tasks
from mrlc.runtime.trajectories import StoredEpisode, Tasks, stored_episodes
from mrlc.schemas import Plan

FORMAT = "mrlc.rescored/1"
EXCERPT = 200
"""Characters shown of a turn."""
TOGETHER = 256
"""Episodes that a judge is asked about at once."""
READ_AGAIN = {StopCause.ANSWERED, StopCause.INVALID_ANSWER, StopCause.NO_ACTION}
"""What a turn without calls ends in, whichever way its answer is read."""


@dataclass(frozen=True)
class Rescored:
    """Old against new."""

    episodes: int
    answers: int
    """Episodes whose answer, as the new plan reads it, is another."""
    changed: int
    """Episodes whose reward changes."""
    old: Agreement
    new: Agreement
    rankings: Rankings
    offenders: list[Offender]
    """Failures by the new scorer that the new reward pays most."""
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        """As records hold it."""
        return asdict(self)


@dataclass(frozen=True)
class _Row:
    """What is kept of an episode: no token ids, so that a long run fits in memory."""

    task: str
    phase: str
    step: int | None
    member: int
    text: str
    old: Judged
    new: Judged
    has_other_answer: bool


def rescore(run: RunFolder, folder: Path) -> Rescored:
    """Apply the plan in `folder` to a run's episodes.

    Raises:
        PlanBroken: a plan, the run or a stored row cannot be read.
        PlanFault: the episodes say nothing about the new plan, or its code fails.
    """
    old, new = load_plan(run.plan), load_plan(folder)
    require_same_world(old, new)
    rows = list(_rows(run, old, new, folder / "inputs"))
    return Rescored(
        episodes=len(rows),
        answers=sum(row.has_other_answer for row in rows),
        changed=sum(row.old.reward != row.new.reward for row in rows),
        old=agreement(row.old for row in rows),
        new=agreement(row.new for row in rows),
        rankings=rank(_groups(rows)),
        offenders=offenders(_offender(row) for row in rows if row.new.score is not None),
        notes=_notes(old, new),
    )


def _rows(run: RunFolder, old: Plan, new: Plan, inputs: Path) -> Iterator[_Row]:
    was, now = _tasks(old, run.plan / "inputs"), _tasks(new, inputs)
    limit = new.experiment.turns.score_timeout_s
    old_scorer = load_scorer(old.experiment.evaluation, run.plan / "inputs", timeout_s=limit)
    scorer = load_scorer(new.experiment.evaluation, inputs, timeout_s=limit)
    endpoints = Endpoints()
    endpoints.keep_in(run.endpoints)
    reward = Reward.load(new.experiment.reward, inputs, endpoints=endpoints, timeout_s=limit)
    read, task_of = _reader(old, new, inputs), same_prompts(old, new, now)
    stored = stored_episodes(run.trajectories, was)
    while chunk := list(islice(stored, TOGETHER)):
        read_anew = [
            read(replace(one.trajectory, task=task_of(one.trajectory.task))) for one in chunk
        ]
        rewards = reward.score_all(read_anew)
        for one, after, paid in zip(chunk, read_anew, rewards, strict=True):
            before = one.trajectory
            yield _row(
                one,
                _judged(one.reward, old_scorer.score(before)),
                _judged(paid, scorer.score(after)),
                has_other_answer=(before.stop, before.answer) != (after.stop, after.answer),
            )


def _row(stored: StoredEpisode, old: Judged, new: Judged, *, has_other_answer: bool) -> _Row:
    trajectory = stored.trajectory
    text = trajectory.turns[-1].text[-EXCERPT:] if trajectory.turns else ""
    return _Row(
        trajectory.task.id,
        stored.phase,
        stored.step,
        trajectory.member,
        text,
        old,
        new,
        has_other_answer,
    )


def _judged(reward: RewardScore | None, score: float | None) -> Judged:
    return Judged(reward.total, score, reward.components) if reward else Judged(None, score)


def _tasks(plan: Plan, inputs: Path) -> Tasks:
    tasks = (task for split in SPLITS for task in load_tasks(plan.experiment, inputs, split))
    return {(task.split, task.id): task for task in tasks}


def _reader(old: Plan, new: Plan, inputs: Path) -> Callable[[Trajectory], Trajectory]:
    """Reads a stored answer as the new plan does; leaves it where both plans read alike."""
    if answer_meaning(old) == answer_meaning(new):
        return lambda trajectory: trajectory
    parser = AnswerParser(
        new.experiment.environment.answer,
        inputs,
        timeout_s=new.experiment.turns.tool_timeout_s,
    )
    return lambda trajectory: _read(parser, trajectory)


def _read(parser: AnswerParser, trajectory: Trajectory) -> Trajectory:
    if trajectory.stop not in READ_AGAIN:
        return trajectory
    try:
        answer = parser.parse(trajectory.turns[-1].text)
    except EnvironmentBroken as broken:
        cause = StopCause.ENVIRONMENT_ERROR
        return replace(trajectory, stop=cause, answer=None, detail=str(broken))
    if answer is None:
        return replace(trajectory, stop=StopCause.NO_ACTION, answer=None, detail="")
    if isinstance(answer, InvalidAnswer):
        cause = StopCause.INVALID_ANSWER
        return replace(trajectory, stop=cause, answer=None, detail=answer.reason)
    return replace(trajectory, stop=StopCause.ANSWERED, answer=answer, detail="")


def _groups(rows: Sequence[_Row]) -> Iterator[list[Rewards]]:
    """Training episodes by group, as they lie: one step, one task, members counted up."""
    number, last = 0, -1

    def key(row: _Row) -> tuple[int, int | None, str]:
        nonlocal number, last
        number += row.member <= last  # the same task drawn once more
        last = row.member
        return number, row.step, row.task

    for _, group in groupby((row for row in rows if row.phase == "train"), key):
        yield [(row.old.reward, row.new.reward) for row in group]


def _offender(row: _Row) -> Offender:
    reward, score = row.new.reward or 0.0, row.new.score or 0.0
    about = (row.task, row.phase, row.step, row.member)
    return Offender(*about, reward, score, row.text, dict(row.new.components))


def _notes(old: Plan, new: Plan) -> list[str]:
    budgets = [
        (turns.limit, turns.max_tokens, turns.tool_result_tokens)
        for turns in (old.experiment.turns, new.experiment.turns)
    ]
    if budgets[0] == budgets[1]:
        return []
    return ["the turn budgets differ; the stored episodes were played under the old ones"]
