"""Comparisons that a wrong answer can pass."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Subject, rule

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
DAYS = "{name: days, kind: KIND, field: days, against: task.expected.days, weight: 0.1}"
GAMED = {
    "contains": "an answer that lists every candidate earns it",
    "fuzzy": "an answer that says the opposite in nearly the same words earns nearly all of it",
}


@rule(
    "MRLC582",
    "inexact-comparison",
    severity="warning",
    bad=(Edit(POLITE, DAYS.replace("KIND", "contains")),),
    good=(Edit(POLITE, DAYS.replace("KIND", "numeric")),),
)
def comparisons_are_exact(subject: Subject) -> Iterator[Finding]:
    """A component compares by substring, or by words in common.

    A policy under training finds what passes and is easiest to write: all candidates at once, or
    the words of the question. The reward rises and the answers do not get better.

    Ask for a typed answer and compare it by `exact`, `field_accuracy`, `numeric` or `one_of`.
    Where the answer is free text, keep the weight small, and watch the evaluation.
    """
    for index, component in enumerate(subject.experiment.reward.components):
        if component.kind in GAMED:
            message = f"`{component.name}` is not exact: {GAMED[component.kind]}"
            yield Finding(f"reward.components.{index}.kind", message)
