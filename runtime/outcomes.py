"""What an evaluation comes to: one outcome a task, and the figures that sum them up.

An outcome is a task's greedy episode as scored, and how many of its sampled episodes
succeeded. Everything shown is a function of the outcomes, so that two policies can be paired
task by task afterwards. Completion (an answer was given, or a tool called that ends the
episode) is kept apart from success (it was right). Both, and every other rate, are shares of the
episodes whose environment held; the others are counted. Every greedy episode is in exactly one cell,

    answered-right, answered-wrong   finished-right, finished-wrong   or the cause of ending
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean
from typing import Any

from mrlc.runtime.intervals import Interval, clopper_pearson, mean_interval, wilson
from mrlc.runtime.pass_at import pass_at_k
from mrlc.runtime.rollout.trajectory import StopCause
from mrlc.runtime.seeds import derive_seed

SUCCESS = 1.0
"""A score of exactly this is a success."""


@dataclass(frozen=True)
class Outcome:
    """One task."""

    task: str
    """Its id."""
    stop: StopCause
    score: float | None
    """Of the greedy episode; None where its environment broke."""
    turns: int
    calls: int
    """Tool calls that were answered."""
    fields: dict[str, bool] = field(default_factory=dict)
    """Which fields of a typed answer were right; empty where that is not known."""
    samples: int = 0
    """Sampled episodes that have a score."""
    successes: int = 0
    """Of these."""

    @property
    def cell(self) -> str:
        """Where the greedy episode is counted."""
        if not self.stop.is_completion and self.score != SUCCESS:
            return self.stop.value
        return f"{self.stop.value}-{'right' if self.score == SUCCESS else 'wrong'}"


@dataclass(frozen=True)
class EvaluationResult:
    """Scores of one policy on one split; every share is from 0 to 1."""

    tasks: int
    success: float | None
    """Share of scorable greedy episodes that score 1; None where none is scorable."""
    mean_score: float | None
    completion: float | None
    """Share of scorable greedy episodes that ended in a valid answer, or by a tool that ends them;
    None where none is scorable."""
    turns: float
    """Mean turns of a greedy episode."""
    tool_calls: float
    """Mean tool calls of a greedy episode."""
    unscorable: int
    causes: dict[str, int]
    """Greedy episodes by what ended them."""
    cells: dict[str, int]
    """Greedy episodes by what ended them and whether they were right."""
    pass_at: dict[str, float]
    """pass@k by k, over sampled episodes; empty where none was asked for."""
    fields: dict[str, float]
    """Share of scorable greedy episodes with the field right; no answer has no field right."""
    intervals: dict[str, list[float]]
    """95% intervals, by the name of what they are about: `success`, `pass_at_4`, `fields.job`."""
    outcomes: list[Outcome]
    """In the order of the tasks."""

    def as_json(self) -> dict[str, Any]:
        """As `evaluation.json` holds it."""
        return asdict(self)


def summarise(
    outcomes: Sequence[Outcome], *, seed: int, pass_at: Sequence[int] = ()
) -> EvaluationResult:
    """The figures; `seed` feeds what the intervals draw."""
    scores = [one.score for one in outcomes if one.score is not None]
    causes, cells = Counter(one.stop for one in outcomes), Counter(one.cell for one in outcomes)
    completed = _completed(outcomes)
    right = _fields_right(outcomes)
    passed = _passed(outcomes, pass_at)
    return EvaluationResult(
        tasks=len(outcomes),
        success=fmean(score == SUCCESS for score in scores) if scores else None,
        mean_score=fmean(scores) if scores else None,
        completion=fmean(completed) if completed else None,
        turns=fmean(one.turns for one in outcomes),
        tool_calls=fmean(one.calls for one in outcomes),
        unscorable=len(outcomes) - len(scores),
        causes={cause.value: causes[cause] for cause in StopCause if causes[cause]},
        cells=dict(sorted(cells.items())),
        pass_at={name: fmean(values) for name, values in passed.items()},
        fields={name: fmean(values) for name, values in right.items()},
        intervals={
            name: interval.as_json()
            for name, interval in _intervals(outcomes, scores, right, passed, seed).items()
        },
        outcomes=list(outcomes),
    )


def _intervals(
    outcomes: Sequence[Outcome],
    scores: Sequence[float],
    right: dict[str, list[bool]],
    passed: dict[str, list[float]],
    seed: int,
) -> dict[str, Interval]:
    """Exact for rates, over tasks for means, Wilson's for the many rates of fields."""

    def mean(name: str, values: Sequence[float]) -> Interval:
        return mean_interval(values, seed=derive_seed(seed, "interval", name))

    found = dict[str, Interval]()
    if scores:
        completed = _completed(outcomes)
        found["completion"] = clopper_pearson(sum(completed), len(completed))
        succeeded = sum(score == SUCCESS for score in scores)
        found["success"] = clopper_pearson(succeeded, len(scores))
        found["mean_score"] = mean("mean_score", scores)
    found |= {f"pass_at_{k}": mean(f"pass_at_{k}", values) for k, values in passed.items()}
    return found | {f"fields.{name}": wilson(sum(of), len(of)) for name, of in right.items()}


def _completed(outcomes: Sequence[Outcome]) -> list[bool]:
    """Of the scorable episodes: an environment that broke says nothing of whether the agent ends."""
    return [one.stop.is_completion for one in outcomes if one.score is not None]


def _passed(outcomes: Sequence[Outcome], pass_at: Sequence[int]) -> dict[str, list[float]]:
    """pass@k of each task with enough scorable samples, by k."""
    found = {
        str(k): [pass_at_k(one.samples, one.successes, k=k) for one in outcomes if one.samples >= k]
        for k in pass_at
    }
    return {k: values for k, values in found.items() if values}


def _fields_right(outcomes: Sequence[Outcome]) -> dict[str, list[bool]]:
    names = dict.fromkeys(name for one in outcomes for name in one.fields)
    scorable = [one for one in outcomes if one.score is not None]
    return {name: [one.fields[name] for one in scorable if name in one.fields] for name in names}
