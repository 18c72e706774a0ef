"""Combinations other than a sum: they can reach 1, and hold no penalty."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.reward_range import reward_range
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
FULL = Edit("against: task.expected, weight: 0.9}", "against: task.expected}")
PRODUCT = Edit("reward:\n", "reward:\n  combine: product\n")


@rule(
    "MRLC584",
    "full-marks-out-of-reach",
    severity="warning",
    bad=(PRODUCT,),
    good=(PRODUCT, FULL, Edit(POLITE, POLITE.replace("weight: 0.1", "weight: 1"))),
)
def full_marks_can_be_earned(subject: Subject) -> Iterator[Finding]:
    """The components are multiplied, or the least or greatest counts, and none of it reaches 1.

    Weights are not shares there: a product of 0.9 and 0.1 pays 0.09 for the best episode. The
    differences that training learns from shrink with it, and thresholds on the reward are never
    met.

    Leave the weights at 1, or write `combine: sum`.
    """
    reward = subject.experiment.reward
    high = reward_range(reward.model_copy(update={"clip": None})).high
    if reward.combine != "sum" and high < 1 and not _has_penalty(subject):
        message = f"the best episode is paid {high:g}, as the {reward.combine} of the components"
        yield Finding("reward.combine", message, help="leave the weights at 1")


@rule(
    "MRLC585",
    "penalty-without-sum",
    bad=(
        Edit("reward:\n", "reward:\n  combine: min\n"),
        Edit(POLITE, POLITE.replace("0.1", "-0.1")),
    ),
    good=(Edit(POLITE, POLITE.replace("0.1", "-0.1")),),
)
def penalties_are_summed(subject: Subject) -> Iterator[Finding]:
    """A component has a negative weight, and the components are not summed.

    The least of the components is then the penalty alone, whatever else was earned; the greatest
    never sees it; in a product two penalties make a reward.

    Write `combine: sum`, or let the component that is paid `requires:` another one.
    """
    reward = subject.experiment.reward
    for index, component in enumerate(reward.components):
        if reward.combine != "sum" and component.weight < 0:
            label = Label(subject.value("reward.combine"), "not a sum")
            message = f"`{component.name}` is a penalty, which a {reward.combine} cannot hold"
            yield Finding(f"reward.components.{index}.weight", message, "", (label,))


def _has_penalty(subject: Subject) -> bool:
    return any(component.weight < 0 for component in subject.experiment.reward.components)
