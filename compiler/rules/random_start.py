"""Random weights earn nothing."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Subject, rule

WARM = "warm_start:\n  demonstrations: data/demos.jsonl\n"


@rule(
    "MRLC512",
    "random-start",
    bad=(Edit(WARM, ""),),
    good=(Edit(WARM, WARM + "  epochs: 5\n"),),
)
def tiny_model_is_warmed_up(subject: Subject) -> Iterator[Finding]:
    """The built-in model is trained on the reward from random weights.

    It cannot write a tool call or an answer before it has seen some, so every episode earns
    the same nothing and the reward stays flat from the first step to the last.

    Give it demonstrations under `warm_start`, or take a pretrained model.
    """
    experiment = subject.experiment
    if experiment.model.base == "tiny" and experiment.warm_start is None:
        message = "the built-in model starts from random weights and is never shown an episode"
        help = "add `warm_start: {demonstrations: demonstrations.jsonl}`"
        yield Finding("model.base", message, help=help)
