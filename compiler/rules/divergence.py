"""R1: the reward is the evaluation's rule, or says why not. R4: what a wrong answer is paid."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.reward_range import rule_of, unearned
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.schemas import Experiment
from mrlc.schemas.evaluation import ExactState
from mrlc.schemas.reward import Component

REASON = "  diverges_because: partial credit is a slope to climb\n"
COMPONENTS = """\
    - {name: fields, kind: field_accuracy, against: task.expected, weight: 0.9}
    - {name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}
"""
ONE_TEXT = (
    Edit(COMPONENTS, "    - {name: job, kind: field_accuracy, against: task.expected.job}\n"),
    Edit("exact_fields, against: task.expected", "exact_fields, against: task.expected.job"),
    Edit("    json: {job: {type: string}, days: {type: integer}}\n", "    tag: job\n"),
)
"""A reward and an evaluation that compare one text, and so are one rule."""


@rule(
    "MRLC504",
    "undocumented-divergence",
    bad=(Edit(REASON, ""),),
    good=(Edit(REASON, REASON.replace("partial", "full marks are rare, and partial")),),
)
def divergence_is_documented(subject: Subject) -> Iterator[Finding]:
    """The reward is not the evaluation's rule, and nothing says why.

    What is paid is what is learned. A reward that pays where the evaluation gives nothing may
    be wise, since a dense reward is easier to climb, but each such payment is a way to earn
    without succeeding: it must be a decision, seen in review.

    Write the reason under `diverges_because`, or pay by the evaluation's own rule. The message
    says how much can be earned by an episode that the evaluation scores 0.
    """
    experiment = subject.experiment
    if experiment.reward.diverges_because or is_one_rule(experiment):
        return
    paid = paid_for_failure(experiment)
    message = (
        f"the reward pays up to {paid:g} where the evaluation gives 0"
        if paid > 0
        else "the reward is not the evaluation's rule"
    )
    labels = (Label(subject.name("evaluation.scorer"), "the evaluation's rule"),)
    help = "say why under `reward.diverges_because`, or pay by the same rule"
    yield Finding("reward.components", message, "", labels, help)


@rule(
    "MRLC505",
    "needless-reason",
    severity="warning",
    bad=ONE_TEXT,
    good=(*ONE_TEXT, Edit(REASON, "")),
)
def reason_is_needed(subject: Subject) -> Iterator[Finding]:
    """`diverges_because` explains a difference that is not there.

    The reward and the evaluation are one rule here, so the reason misleads whoever reviews the
    next change.

    Remove it.
    """
    if subject.experiment.reward.diverges_because and is_one_rule(subject.experiment):
        message = "the reward is the evaluation's rule, so nothing diverges"
        yield Finding("reward.diverges_because", message, help="remove it")


def paid_for_failure(experiment: Experiment) -> float:
    """The most that an episode is paid where the evaluation gives 0."""
    scorer = experiment.evaluation.scorer
    against = scorer.against if scorer.kind == "exact_fields" else None
    return unearned(experiment.reward, against=against, fields=_fields(experiment, against))


def is_one_rule(experiment: Experiment) -> bool:
    """Whether the reward gives what the evaluation gives, for every episode."""
    if len(experiment.reward.components) != 1:
        return False
    (only,), scorer = experiment.reward.components, experiment.evaluation.scorer
    if only.weight != 1 or experiment.reward.clip is not None:
        return False
    if scorer.kind == "python":
        return rule_of(only) == ("python", scorer.python)
    if scorer.kind == "final_state":
        return _is_one_probe(only, scorer)
    if rule_of(only) == ("exact", scorer.against):
        return True
    same = rule_of(only) == ("field_accuracy", scorer.against)
    return same and _fields(experiment, scorer.against) == 1


def _is_one_probe(component: Component, scorer: ExactState) -> bool:
    """Whether a component compares the one probe that the evaluation compares, and as it does."""
    return (
        component.kind == "final_state"
        and component.share == "probes"
        and len(component.against) == 1
        and (component.against, component.ordered) == (scorer.against, scorer.ordered)
    )


def _fields(experiment: Experiment, against: str | None) -> int:
    """How many fields the evaluation compares; a part of the task, or a text, is one."""
    declared = experiment.environment.answer.json_
    return max(1, len(declared)) if against is not None and declared is not None else 1
