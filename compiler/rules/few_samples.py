"""pass@k is estimated from at least k samples."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule

SCORER = "  scorer: {kind: exact_fields, against: task.expected}\n"


@rule(
    "MRLC532",
    "fewer-samples-than-k",
    bad=(Edit(SCORER, SCORER + "  pass_at: [1, 8]\n  samples: 1\n"),),
    good=(Edit(SCORER, SCORER + "  pass_at: [1, 8]\n  samples: 16\n"),),
)
def samples_suffice(subject: Subject) -> Iterator[Finding]:
    """pass@k is asked of fewer than k samples of a task.

    pass@8 is the chance that one of eight tries succeeds. The unbiased estimate counts the
    subsets of eight among the samples (arXiv:2107.03374); of fewer there is none, and whatever
    is printed in its place is another number.

    Leave `samples` out, which takes as many as the largest k; more make the interval narrower.
    """
    evaluation = subject.experiment.evaluation
    most = max(evaluation.pass_at, default=1)
    if evaluation.samples is not None and evaluation.samples < most:
        samples = f"{evaluation.samples} sample{'' if evaluation.samples == 1 else 's'}"
        message = f"pass@{most} cannot be told from {samples} of a task"
        label = Label(subject.value("evaluation.pass_at"), "asked for here")
        help = f"leave `samples` out, or give {most} or more"
        yield Finding("evaluation.samples", message, "", (label,), help)
