"""V3: a stronger model does better."""

from __future__ import annotations

from mrlc.runtime.evaluate import SUCCESS
from mrlc.runtime.gates.case import Case
from mrlc.runtime.gates.checks.foothold import BASELINE
from mrlc.runtime.gates.gate import FAIL, INSUFFICIENT, PASS, Finding, gate
from mrlc.runtime.intervals import binomial_lower, binomial_upper
from mrlc.schemas import Experiment


def has_reference(experiment: Experiment) -> bool:
    """Whether the spec names a reference model."""
    return experiment.evaluation.reference is not None


@gate(
    "V3",
    "reference",
    bound=(*BASELINE, "evaluation.scorer", "evaluation.reference"),
    kind="statistical",
    is_asked=has_reference,
)
def reference(case: Case) -> Finding:
    """A stronger model does better.

    The model under `evaluation.reference` plays the tasks that the base model has played. Of the
    tasks on which one succeeds and the other fails, it must win more than half, with 95%
    confidence. A frontier model that is no better than the base points at the environment or at
    the scorer.

    Read its failures first; they are attached.
    """
    base = {one.trajectory.task.id: one.evaluation == SUCCESS for one in case.baseline.wide[::-1]}
    theirs = {one.trajectory.task.id: one.evaluation == SUCCESS for one in case.reference}
    shared = base.keys() & theirs.keys()
    wins = sum(theirs[task] and not base[task] for task in shared)
    losses = sum(base[task] and not theirs[task] for task in shared)
    n = wins + losses
    numbers = {"tasks": len(shared), "wins": wins, "losses": losses}
    said = f"of {len(shared)} tasks it alone solves {wins}, the base alone {losses}"
    if n and binomial_lower(wins, n) > 0.5:
        return Finding(PASS, said, numbers=numbers)
    if n and binomial_upper(wins, n) <= 0.5:
        return Finding(FAIL, said, "look at the environment and the scorer", numbers)
    return Finding(INSUFFICIENT, said, None, numbers)
