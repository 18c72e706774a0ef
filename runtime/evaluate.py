"""The evaluation: how often a policy succeeds, by a rule that never sees the reward.

Success is measured greedily, one episode a task. pass@k is measured on sampled episodes.
Completion (an answer was given) is kept apart from success (it was right); an episode
whose environment broke is counted and belongs to neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from mrlc.runtime.pass_at import pass_at_k
from mrlc.runtime.rollout.engine import Engine, EpisodeRequest
from mrlc.runtime.rollout.policies.policy import Policy
from mrlc.runtime.rollout.trajectory import StopCause, Trajectory
from mrlc.runtime.scorers import Scorer
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.task import Task

SUCCESS = 1.0
"""A score of exactly this is a success."""

PolicyAt = Callable[[float], Policy]
"""A policy at a sampling temperature; 0 is greedy."""


@dataclass(frozen=True)
class EvaluationResult:
    """Scores of one policy on one split; every share is from 0 to 1."""

    tasks: int
    success: float | None
    """Share of scorable greedy episodes that score 1; None where none is scorable."""
    mean_score: float | None
    completion: float
    """Share of greedy episodes that ended in a valid answer."""
    turns: float
    """Mean turns of a greedy episode."""
    unscorable: int
    causes: dict[str, int]
    """Greedy episodes by what ended them."""
    pass_at: dict[str, float]
    """pass@k by k, over sampled episodes; empty where none was asked for."""

    def as_json(self) -> dict[str, Any]:
        """As `evaluation.json` holds it."""
        return asdict(self)


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
) -> tuple[EvaluationResult, list[Trajectory]]:
    """Evaluate a policy; also returns the greedy episodes, in the order of `tasks`."""
    greedy = engine.run(policy_at(0.0), requests(tasks, 1, seed, "greedy"))
    scores = [scorer.score(trajectory) for trajectory in greedy]
    known = [score for score in scores if score is not None]
    causes = Counter(trajectory.stop for trajectory in greedy)
    result = EvaluationResult(
        tasks=len(tasks),
        success=fmean(score == SUCCESS for score in known) if known else None,
        mean_score=fmean(known) if known else None,
        completion=causes[StopCause.ANSWERED] / len(greedy),
        turns=fmean(len(trajectory.turns) for trajectory in greedy),
        unscorable=len(scores) - len(known),
        causes={cause.value: causes[cause] for cause in StopCause if causes[cause]},
        pass_at=_pass_at(engine, policy_at(temperature), scorer, tasks, seed, pass_at, samples),
    )
    return result, greedy


def requests(tasks: Sequence[Task], members: int, seed: int, stream: str) -> list[EpisodeRequest]:
    """`members` episodes of each task, every one with a stream of its own."""
    return [
        EpisodeRequest(task, member, derive_seed(seed, "evaluate", stream, task.id, member))
        for task in tasks
        for member in range(members)
    ]


def _pass_at(
    engine: Engine,
    policy: Policy,
    scorer: Scorer,
    tasks: Sequence[Task],
    seed: int,
    pass_at: Sequence[int],
    samples: int,
) -> dict[str, float]:
    if not pass_at or not samples:
        return {}
    sampled = engine.run(policy, requests(tasks, samples, seed, "sampled"))
    counts = []
    for start in range(0, len(sampled), samples):
        scores = [scorer.score(trajectory) for trajectory in sampled[start : start + samples]]
        known = [score for score in scores if score is not None]
        counts.append((len(known), sum(score == SUCCESS for score in known)))
    shares: dict[str, float] = {}
    for k in pass_at:
        values = [pass_at_k(n, correct, k=k) for n, correct in counts if n >= k]
        if values:
            shares[str(k)] = fmean(values)
    return shares
