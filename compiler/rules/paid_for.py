"""What the components pay for: something, and not the form alone."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.components import known
from mrlc.compiler.rules import Edit, Finding, Subject, rule

FIELDS = "{name: fields, kind: field_accuracy, against: task.expected, weight: 0.9}"
POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
FORM = "{name: form, kind: answered, weight: 0.9}"


@rule(
    "MRLC526",
    "weightless-component",
    severity="warning",
    bad=(Edit(POLITE, POLITE.replace("0.1", "0")),),
    good=(Edit(POLITE, POLITE.replace("0.1", "0.05")),),
)
def components_pay(subject: Subject) -> Iterator[Finding]:
    """A component has the weight 0.

    It is computed for every episode and changes nothing. If it is there to be watched, it reads
    in review as if it were paid for.

    Give it a weight, or remove it.
    """
    for index, component in enumerate(subject.experiment.reward.components):
        if component.weight == 0:
            message = f"the component `{component.name}` pays nothing"
            yield Finding(f"reward.components.{index}.weight", message)


@rule(
    "MRLC527",
    "right-answers-unpaid",
    bad=(Edit(f"    - {FIELDS}\n    - {POLITE}\n", f"    - {FORM}\n"),),
    good=(
        Edit(
            f"    - {FIELDS}\n    - {POLITE}\n", f"    - {FIELDS}\n    - {FORM.replace('9', '1')}\n"
        ),
    ),
)
def right_answers_are_paid(subject: Subject) -> Iterator[Finding]:
    """The reward pays for the form of an answer, or for acts, and not for a right answer.

    Any answer of the form earns all there is, so the model learns the shortest one.

    Add a component that compares the answer, such as `field_accuracy`, and give the form a
    small weight.
    """
    components = subject.experiment.reward.components
    if not any(known(one).tells_right and one.weight > 0 for one in components):
        message = "a wrong answer earns as much as a right one"
        help = "add `{name: fields, kind: field_accuracy, against: task.expected}`"
        yield Finding("reward.components", message, help=help)
