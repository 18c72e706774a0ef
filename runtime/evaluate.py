"""The evaluation: how often a policy succeeds, by a rule that never sees the reward.

Success is measured greedily, one episode a task. pass@k is measured on sampled episodes.
Completion (an answer was given) is kept apart from success (it was right); an episode
whose environment broke is counted and belongs to neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mrlc.runtime.json_values import equal
from mrlc.runtime.outcomes import SUCCESS, EvaluationResult, Outcome, summarise
from mrlc.runtime.rollout.engine import Engine, EpisodeRequest
from mrlc.runtime.rollout.policies.policy import Policy
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.scorers import Scorer
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.task import Task
from mrlc.schemas import Experiment

__all__ = ["SUCCESS", "Evaluated", "EvaluationResult", "evaluate", "field_rule", "requests"]

PolicyAt = Callable[[float], Policy]
"""A policy at a sampling temperature; 0 is greedy."""
FieldRule = Callable[[Trajectory], Mapping[str, bool]]
"""Which fields of the answer are right."""


@dataclass(frozen=True)
class Evaluated:
    """An evaluation with its episodes, in the order of the tasks."""

    result: EvaluationResult
    greedy: list[Trajectory]
    """One a task."""
    sampled: list[Trajectory]
    """Of pass@k, those of a task one after the other; none where none was asked for."""


def evaluate(
    engine: Engine,
    policy_at: PolicyAt,
    scorer: Scorer,
    tasks: Sequence[Task],
    *,
    seed: int,
    pass_at: Sequence[int] = (),
    samples: int = 0,
    temperature: float = 1.0,
    fields: FieldRule = lambda trajectory: {},
) -> Evaluated:
    """Evaluate a policy."""
    greedy = engine.run(policy_at(0.0), requests(tasks, 1, seed, "greedy"))
    counts = [(0, 0)] * len(tasks)
    sampled: list[Trajectory] = []
    if pass_at and samples:
        sampled = engine.run(policy_at(temperature), requests(tasks, samples, seed, "sampled"))
        starts = range(0, len(sampled), samples)
        counts = [_counted(scorer, sampled[start : start + samples]) for start in starts]
    outcomes = [
        _outcome(scorer, fields, trajectory, count)
        for trajectory, count in zip(greedy, counts, strict=True)
    ]
    result = summarise(outcomes, seed=seed, pass_at=pass_at if samples else ())
    return Evaluated(result, greedy, sampled)


def requests(tasks: Sequence[Task], members: int, seed: int, stream: str) -> list[EpisodeRequest]:
    """`members` episodes of each task, every one with a stream of its own."""
    return [
        EpisodeRequest(task, member, derive_seed(seed, "evaluate", stream, task.id, member))
        for task in tasks
        for member in range(members)
    ]


def field_rule(experiment: Experiment) -> FieldRule:
    """How the fields of a typed answer are marked, where the scorer says what is expected.

    A field that is not expected has no mark; without an answer every expected one is wrong.
    """
    typed = experiment.environment.answer.json_ or {}
    against: str | None = getattr(experiment.evaluation.scorer, "against", None)

    def rule(trajectory: Trajectory) -> dict[str, bool]:
        expected = trajectory.task.value(against) if against and typed else None
        given = trajectory.answer.value if trajectory.answer else None
        if not isinstance(expected, dict):
            return {}
        known = given if isinstance(given, dict) else {}
        return {
            name: name in known and equal(known[name], expected[name])
            for name in typed
            if name in expected
        }

    return rule


def _outcome(
    scorer: Scorer, fields: FieldRule, trajectory: Trajectory, counts: tuple[int, int]
) -> Outcome:
    return Outcome(
        task=trajectory.task.id,
        stop=trajectory.stop,
        score=scorer.score(trajectory),
        turns=len(trajectory.turns),
        calls=sum(len(turn.results) for turn in trajectory.turns),
        fields=dict(fields(trajectory)),
        samples=counts[0],
        successes=counts[1],
    )


def _counted(scorer: Scorer, sampled: Sequence[Trajectory]) -> tuple[int, int]:
    """Of a task's sampled episodes those that have a score, and those that succeeded."""
    scores = [scorer.score(trajectory) for trajectory in sampled]
    known = [score for score in scores if score is not None]
    return len(known), sum(score == SUCCESS for score in known)
