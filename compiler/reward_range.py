"""What an episode can be paid: exact bounds, by interval arithmetic over the components.

Two facts tie components together. Components of one rule have one value, so their weights add
up first. And an episode without a valid answer earns nothing from any component that reads the
answer, so the range is the union of two cases: unanswered and answered.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from mrlc.schemas.reward import Component, PythonComponent, Reward

Rule = tuple[str, str]
"""A component's kind, and what it reads: equal rules have equal values."""


class Range(NamedTuple):
    """Least and most."""

    low: float
    high: float


def rule_of(component: Component) -> Rule:
    """What a component computes, whatever it is called and weighs."""
    if component.kind == "field_accuracy":
        return (component.kind, component.against)
    if component.kind == "judge":
        return (component.kind, component.model_dump_json(exclude={"name", "weight"}))
    if component.kind == "final_state":
        compared = ", ".join(f"{name}: {at}" for name, at in sorted(component.against.items()))
        return (component.kind, f"{component.share} {component.ordered} {compared}")
    return (component.kind, component.python if isinstance(component, PythonComponent) else "")


def weights(reward: Reward) -> dict[Rule, float]:
    """The weight of each rule."""
    found: dict[Rule, list[float]] = defaultdict(list)
    for component in reward.components:
        found[rule_of(component)].append(component.weight)
    return {rule: math.fsum(parts) for rule, parts in found.items()}


def reward_range(reward: Reward) -> Range:
    """The least and the most that an episode can be paid."""
    cases = [_sum(_case(reward, is_answered=answered)) for answered in (False, True)]
    return Range(min(case.low for case in cases), max(case.high for case in cases))


def unearned(reward: Reward, *, against: str | None, fields: int) -> float:
    """The most that is paid where the evaluation gives 0.

    `against` is what the evaluation compares exactly, of so many fields: a wrong answer has at
    most all but one of them right. None stands for a scorer that is code, of which nothing is
    known.
    """
    wrong = list(_case(reward, is_answered=True))
    if against is not None:
        share = (fields - 1) / fields
        weight = weights(reward).get(("field_accuracy", against), 0.0)
        wrong.remove(_scaled(weight)) if weight else None
        wrong.append(_scaled(weight * share))
    return round(max(_sum(_case(reward, is_answered=False)).high, _sum(wrong).high), 9)


def _case(reward: Reward, *, is_answered: bool) -> Iterator[Range]:
    """The range of each rule, weighted."""
    for (kind, _), weight in weights(reward).items():
        if kind == "answered":
            yield Range(weight, weight) if is_answered else Range(0.0, 0.0)
        elif kind == "field_accuracy" and not is_answered:
            yield Range(0.0, 0.0)
        else:
            yield _scaled(weight)


def _scaled(weight: float) -> Range:
    return Range(min(weight, 0.0), max(weight, 0.0))


def _sum(parts: Iterator[Range] | list[Range]) -> Range:
    found = list(parts)
    low, high = (math.fsum(part[side] for part in found) for side in (0, 1))
    return Range(round(low, 9), round(high, 9))
