"""Components that pay by turn: the pay is a sum of turns, and each knows what it is paid."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.schemas.components import pays_by_turn

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
LOOKS = "{name: looks, kind: tool_called, tool: find_bike, per: turn, weight: 0.1}"
TURNS = Edit(POLITE, LOOKS)


@rule(
    "MRLC586",
    "pay-not-of-turns",
    bad=(TURNS, Edit("reward:\n", "reward:\n  clip: {low: 0, high: 0.9}\n")),
    good=(TURNS,),
)
def turns_add_up(subject: Subject) -> Iterator[Finding]:
    """A component pays by turn in a reward that is not the sum of what it pays.

    Credit goes to a turn for what is paid from it on. What a clip cuts off, or a product scales,
    belongs to no turn. Behind a gate, a turn is paid by what happens after it, and the act that
    opens the gate would get no credit for that.

    Write `combine: sum`, no `clip`, and no `requires` on what pays by turn; or pay once, by
    `per: episode`.
    """
    reward = subject.experiment.reward
    for index, component in enumerate(reward.components):
        if not pays_by_turn(component):
            continue
        label = Label(subject.value(f"reward.components.{index}.per"), "paid by turn")
        if component.requires:
            message = f"`{component.name}` pays by turn, so it cannot wait for a gate"
            yield Finding(f"reward.components.{index}.requires", message, "", (label,))
        for name, is_wrong in (("combine", reward.combine != "sum"), ("clip", reward.clip)):
            if is_wrong:
                message = f"`{component.name}` pays by turn, which needs a sum without a clip"
                yield Finding(f"reward.{name}", message, "", (label,))


@rule(
    "MRLC587",
    "stock-without-turns",
    bad=(TURNS, Edit("steps: 2,", "engine: stock, steps: 2,")),
    good=(TURNS,),
)
def turns_need_our_engine(subject: Subject) -> Iterator[Finding]:
    """A component pays by turn, and TRL's own loop gives one advantage an episode.

    Every turn would get the credit of all turns, those paid for and those that were not.

    Use `engine: mrlc`, or pay once, by `per: episode`.
    """
    if subject.experiment.algorithm.engine != "stock":
        return
    for index, component in enumerate(subject.experiment.reward.components):
        if pays_by_turn(component):
            label = Label(subject.value("algorithm.engine"), "TRL's own loop")
            message = f"`{component.name}` pays by turn, which `engine: stock` cannot"
            yield Finding(f"reward.components.{index}.per", message, "", (label,))
