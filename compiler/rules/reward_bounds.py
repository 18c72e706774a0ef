"""R2: the reward has a known scale."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.reward_range import reward_range
from mrlc.compiler.rules import Edit, Finding, Subject, rule

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'


@rule(
    "MRLC503",
    "reward-out-of-range",
    bad=(Edit(POLITE, POLITE.replace("0.1", "0.6")),),
    good=(Edit(POLITE, POLITE.replace("0.1", "-0.1")),),
)
def reward_has_a_known_scale(subject: Subject) -> Iterator[Finding]:
    """The reward can leave [0, 1], or [-1, 1] where a component has a negative weight.

    Thresholds, alerts and comparisons of runs read the reward on one scale. Weights that add
    up to more than 1 move it silently, and the next change of a weight moves it again.

    Write weights whose positive part sums to at most 1. The bounds are exact: components of
    one rule count together, an unanswered episode earns nothing for its fields, and what
    requires another component is paid only beside it.
    """
    reward = subject.experiment.reward
    low, high = reward_range(reward)
    floor = -1.0 if any(component.weight < 0 for component in reward.components) else 0.0
    if floor <= low and high <= 1.0:
        return
    parts = [f"{component.weight:g}·{component.name}" for component in reward.components]
    terms = (
        " + ".join(parts) if reward.combine == "sum" else f"{reward.combine} of " + ", ".join(parts)
    )
    message = f"the reward reaches from {low:g} to {high:g}, not from {floor:g} to 1"
    help = f"divide each weight by {max(high, -low):g}"
    yield Finding("reward.components", message, terms, (), help)
