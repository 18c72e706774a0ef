"""A learning rate has an order of magnitude that its model can bear."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.schemas.model import Model

STEPS = "algorithm: {steps: 2"
RANGES = {
    "the built-in model": (1e-6, 1e-1),
    "a LoRA adapter": (1e-7, 1e-3),
    "all weights of a pretrained model": (1e-8, 1e-4),
}


@rule(
    "MRLC511",
    "learning-rate-unusual",
    severity="warning",
    bad=(Edit(STEPS, f"{STEPS}, learning_rate: 0.5"),),
    good=(Edit(STEPS, f"{STEPS}, learning_rate: 1.0e-3"),),
)
def learning_rate_is_bearable(subject: Subject) -> Iterator[Finding]:
    """The learning rate is far outside of what works for this kind of training.

    Too high, and the policy collapses within some steps, often after a good start; too low, and
    the reward stays flat for the whole run. A slip of the exponent is the usual cause.

    For all weights of a pretrained model take about 1e-6, for a LoRA adapter about ten times
    as much, for the built-in model about 1e-3.
    """
    what, (low, high) = _range(subject.experiment.model)
    for section in ("algorithm", "warm_start"):
        part = getattr(subject.experiment, section)
        if part is not None and not low <= part.learning_rate <= high:
            side = "high" if part.learning_rate > high else "low"
            message = f"a learning rate of {part.learning_rate:g} is very {side} for {what}"
            label = Label(subject.name("model"), what)
            help = f"{low:g} to {high:g} is usual"
            yield Finding(f"{section}.learning_rate", message, "", (label,), help)


def _range(model: Model) -> tuple[str, tuple[float, float]]:
    if model.base == "tiny":
        what = "the built-in model"
    elif model.lora is not None:
        what = "a LoRA adapter"
    else:
        what = "all weights of a pretrained model"
    return what, RANGES[what]
