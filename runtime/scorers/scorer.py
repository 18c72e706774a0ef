"""What the kinds of scorer have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.code import describe
from mrlc.runtime.errors import CodeFailed
from mrlc.runtime.limited import help_for
from mrlc.runtime.registry import Registry
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.unit_score import unit_score
from mrlc.schemas.evaluation import Evaluation
from mrlc.schemas.turns import SCORE_TIMEOUT_S

Rule = Callable[[Trajectory], Any]
"""Gives a number from 0 to 1 for a scorable trajectory."""


@dataclass(frozen=True)
class Site:
    """What a rule is built from, besides its declaration."""

    inputs: Path
    timeout_s: float
    """For a function of the user, an episode."""


SCORERS: Registry[Callable[[Any, Site], Rule]] = Registry("mrlc.runtime.scorers")
"""Builders by `kind`; each takes the schema of its kind."""

PATH = "evaluation.scorer"


def load_scorer(
    evaluation: Evaluation, inputs: Path, *, timeout_s: float = SCORE_TIMEOUT_S
) -> Scorer:
    """The scorer that a spec declares; paths are relative to `inputs`.

    `timeout_s` is what a function of the user may take for an episode.

    Raises:
        PlanFault: its code cannot be loaded.
    """
    declared = evaluation.scorer
    return Scorer(SCORERS.kinds[declared.kind](declared, Site(inputs, timeout_s)))


@dataclass(frozen=True)
class Scorer:
    """Scores trajectories, each on its own."""

    _rule: Rule

    def score(self, trajectory: Trajectory) -> float | None:
        """From 0 to 1, or None where the environment broke.

        Raises:
            CodeFailed: the rule raised, or gave no number from 0 to 1.
        """
        if not trajectory.is_scorable:
            return None
        try:
            return unit_score(self._rule(trajectory))
        except (Exception, SystemExit) as error:  # whatever it is, a zero would be a lie
            message = f"the scorer failed on task `{trajectory.task.id}`: {describe(error)}"
            raise CodeFailed(PATH, message, help=help_for(error)) from error
