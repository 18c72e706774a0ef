"""R6: what is paid or charged for acts, and not for what they lead to."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Subject, rule
from mrlc.schemas.components import Act, ToolCalled, pays_by_turn

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
LOOKS = "{name: looks, kind: tool_called, tool: find_bike, min_times: 3, weight: 0.1}"


@rule(
    "MRLC580",
    "paid-acts",
    severity="warning",
    bad=(Edit(POLITE, LOOKS),),
    good=(Edit(POLITE, LOOKS.replace("min_times: 3, ", "")),),
)
def acts_are_not_the_aim(subject: Subject) -> Iterator[Finding]:
    """A component pays for several calls or for each turn, or charges for turns.

    What is paid for is what is learned. Pay for calls, and the model calls until it is paid in
    full, whether it needs to or not. Charge for turns, and it answers early: a guess in the
    first turn is cheaper than a right answer in the third.

    Pay for one call at most, or `requires:` a component that compares the answer, so that acts
    pay only beside a right one. Where acts are meant, as a first slope to climb, say why under
    `because`.
    """
    for index, component in enumerate(subject.experiment.reward.components):
        if not isinstance(component, Act) or component.because is not None:
            continue
        if (teaches := _teaches(component)) is not None:
            message = f"`{component.name}` {teaches}"
            help = "bound it, or say why under `because`"
            yield Finding(f"reward.components.{index}", message, help=help)


def _teaches(component: Act) -> str | None:
    """What a component teaches besides the task."""
    if component.weight < 0:
        charges = pays_by_turn(component)
        return "charges by turn, which teaches early answers" if charges else None
    if component.weight == 0 or component.requires:
        return None
    if isinstance(component, ToolCalled):
        times = component.min_times
        message = f"pays up to {component.weight:g} for {times} calls, which teaches calling"
        return message if times > 1 else None
    return "pays by turn, which teaches taking turns" if pays_by_turn(component) else None
