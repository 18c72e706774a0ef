"""V1: the evaluation is independent of the reward."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule

SHARED = Edit(
    "{kind: exact_fields, against: task.expected}", '{kind: python, python: "rewards.py:polite"}'
)
SAME = Edit("evaluation:\n", "evaluation:\n  same_rule: true\n")


@rule("MRLC506", "shared-scorer", bad=(SHARED,), good=(SHARED, SAME))
def scorer_is_independent(subject: Subject) -> Iterator[Finding]:
    """The evaluation is code that the reward runs too.

    A fault in the shared function raises both numbers at once: a policy that learns to exploit
    it looks like a success. The evaluation is there to catch just that.

    Score with other code, or with `exact_fields`. Where the function is exactly what ships,
    and training on it is meant, say `same_rule: true` under `evaluation`.
    """
    evaluation = subject.experiment.evaluation
    if evaluation.scorer.kind != "python" or evaluation.same_rule:
        return
    for index, component in enumerate(subject.experiment.reward.components):
        if component.kind == "python" and component.python == evaluation.scorer.python:
            message = f"the evaluation is the reward's component `{component.name}`"
            label = Label(subject.value(f"reward.components.{index}.python"), "paid for here")
            help = "score with other code, or say `same_rule: true`"
            yield Finding("evaluation.scorer.python", message, "", (label,), help)
