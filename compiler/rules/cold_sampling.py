"""pass@k measures chances, and without chance there are none."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule

COLD = 0.2
"""Below this temperature nearly all samples of one task are one text."""
SCORER = "  scorer: {kind: exact_fields, against: task.expected}\n"


@rule(
    "MRLC509",
    "pass-at-k-without-chance",
    severity="warning",
    bad=(Edit(SCORER, SCORER + "  pass_at: [1, 4]\n  temperature: 0.01\n"),),
    good=(Edit(SCORER, SCORER + "  pass_at: [1, 4]\n  temperature: 0.8\n"),),
)
def samples_differ(subject: Subject) -> Iterator[Finding]:
    """pass@k with k above 1 is measured on samples that hardly differ.

    pass@4 asks whether one of four tries succeeds. Near temperature 0 the four tries are one
    and the same, so pass@4 equals pass@1 and says nothing about what more tries would bring.

    Sample as the agent will be sampled when it ships, mostly at 0.6 to 1.0.
    """
    evaluation = subject.experiment.evaluation
    most = max(evaluation.pass_at, default=1)
    if most > 1 and evaluation.temperature < COLD:
        message = f"at temperature {evaluation.temperature:g}, pass@{most} is pass@1"
        label = Label(subject.value("evaluation.pass_at"), "measured on these samples")
        yield Finding("evaluation.temperature", message, "", (label,), "try 0.6 to 1.0")
