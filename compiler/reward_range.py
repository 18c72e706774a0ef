"""What an episode can be paid: exact bounds, by arithmetic over the values of the components.

Components of one rule have one value. Three facts tie different rules together, and each is
settled by trying its cases:

    answered    without a valid answer, what reads the answer is 0
    exact       where an answer equals a column, all that compares with the column is 1
    required    a component is at 1, where it opens gates, or below it

In each case the rules left over are free of each other, and the combination only rises or only
falls in each, so the ends of their intervals give the ends of the reward. A bound may be that of
values as near as one likes: a share of fields just under 1 opens no gate.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import NamedTuple

from mrlc.compiler.components import Known, Rule, known, rule_of
from mrlc.schemas.reward import Component, Reward

__all__ = ["Range", "Rule", "reward_range", "rule_of", "unearned"]


class Range(NamedTuple):
    """Least and most."""

    low: float
    high: float


FULL, ZERO = Range(1.0, 1.0), Range(0.0, 0.0)
"""A rule's value where it is certain; only one that is `FULL` opens gates."""
MAX_EXACT = 4
"""Columns whose case is tried; of more, the bounds still hold and may be loose."""


@dataclass(frozen=True)
class _World:
    """What is assumed of the episode: whether it was answered, and that an answer is wrong."""

    is_answered: bool
    wrong_at: str | None = None
    """A column that the answer does not equal."""
    fields: int = 1
    """Fields of an answer, all of which are right only where it equals the column."""


def reward_range(reward: Reward) -> Range:
    """The least and the most that an episode can be paid."""
    return _over(reward, _World(is_answered=False), _World(is_answered=True))


def unearned(reward: Reward, *, against: str | None, fields: int) -> float:
    """The most that is paid where the evaluation gives 0.

    `against` is what the evaluation compares exactly, of so many fields: a wrong answer has at
    most all but one of them right. None stands for a scorer that is code, of which nothing is
    known.
    """
    wrong = _World(is_answered=True, wrong_at=against, fields=fields)
    return _over(reward, _World(is_answered=False), wrong).high


def _over(reward: Reward, *worlds: _World) -> Range:
    found = [one for world in worlds for one in _cases(reward, world)]
    low, high = min(one.low for one in found), max(one.high for one in found)
    if reward.clip is not None:
        low, high = (min(max(end, reward.clip.low), reward.clip.high) for end in (low, high))
    return Range(round(low, 9), round(high, 9))


def _cases(reward: Reward, world: _World) -> Iterator[Range]:
    """The range of the reward for each way that the tied rules can be settled."""
    of = [rule_of(one) for one in reward.components]
    rules = dict(zip(of, reward.components, strict=True))
    required = {name for one in reward.components for name in one.requires}
    gates = {r for r, one in zip(of, reward.components, strict=True) if one.name in required}
    exact = [rule for rule in rules if rule[0] == "exact"]
    tried = [rule for rule in rules if rule in gates or rule in exact[:MAX_EXACT]]
    for levels in product(*(_levels(rules[rule], world) for rule in tried)):
        settled = dict(zip(tried, levels, strict=True))
        right = {known(rules[rule]).right_at for rule in exact if settled.get(rule) is FULL}
        if any(
            _must_be_full(rules[r], right) and level is not FULL for r, level in settled.items()
        ):
            continue
        free = {r: _free(one, world, right) for r, one in rules.items() if r not in settled}
        yield _combined(reward, of, settled | free)


def _must_be_full(component: Component, right: set[str | None]) -> bool:
    return known(component).right_at in right - {None}


def _levels(component: Component, world: _World) -> list[Range]:
    """The cases of a rule that is tried: below 1, and at it."""
    about = known(component)
    if about.reads_answer and not world.is_answered:
        return [ZERO]
    if about.is_given and world.is_answered:
        return [FULL]
    most = _most(component, about, world)
    below = Range(0.0, min(about.below, most))
    return [below] if most < 1 else [below, FULL]


def _free(component: Component, world: _World, right: set[str | None]) -> Range:
    about = known(component)
    if _must_be_full(component, right) or (about.is_given and world.is_answered):
        return FULL
    if about.reads_answer and not world.is_answered:
        return ZERO
    return Range(0.0, _most(component, about, world))


def _most(component: Component, about: Known, world: _World) -> float:
    """The largest value that a component can have in a world."""
    if world.wrong_at is None or about.right_at != world.wrong_at:
        return 1.0
    if component.kind == "exact":
        return 0.0
    if component.kind != "field_accuracy":
        return 1.0
    counts = dict(component.fields or {})
    if not counts:
        return (world.fields - 1) / world.fields
    if len(counts) < world.fields:
        return 1.0  # the field that is wrong need not be one that counts
    return 1 - min(counts.values()) / math.fsum(counts.values())


def _combined(reward: Reward, of: list[Rule], levels: Mapping[Rule, Range]) -> Range:
    """The range of the reward where each rule is somewhere in its range, and gates are decided.

    `of` are the rules of the components, in their order.
    """
    requires = {one.name: one.requires for one in reward.components}
    full = {one.name: levels[rule] is FULL for one, rule in zip(reward.components, of, strict=True)}

    def is_full(name: str, above: tuple[str, ...] = ()) -> bool:
        if not full.get(name, False) or name in above:
            return False  # unknown or circular names are faults of their own, told by their rule
        return all(is_full(other, (*above, name)) for other in requires[name])

    parts: dict[Rule, list[float]] = defaultdict(list)
    for one, rule in zip(reward.components, of, strict=True):
        parts[rule].append(one.weight if all(map(is_full, one.requires)) else 0.0)
    ranges = [COMBINED[reward.combine](weights, levels[rule]) for rule, weights in parts.items()]
    return reduce(JOINED[reward.combine], ranges)


def _ends(low: float, high: float) -> Range:
    return Range(min(low, high), max(low, high))


def _scaled(weight: float, value: Range) -> Range:
    return _ends(weight * value.low, weight * value.high)


def _power(weights: list[float], value: Range) -> Range:
    """The product of the weights, each times the one value."""
    return _scaled(math.prod(weights), Range(value.low ** len(weights), value.high ** len(weights)))


def _product(left: Range, right: Range) -> Range:
    ends = [a * b for a in left for b in right]
    return Range(min(ends), max(ends))


COMBINED: dict[str, Callable[[list[float], Range], Range]] = {
    "sum": lambda weights, value: _scaled(math.fsum(weights), value),
    "product": _power,
    "min": lambda weights, value: _scaled(min(weights), value),
    "max": lambda weights, value: _scaled(max(weights), value),
}
"""The range of the components of one rule: weights, and the range of their one value."""

JOINED: dict[str, Callable[[Range, Range], Range]] = {
    "sum": lambda left, right: Range(left.low + right.low, left.high + right.high),
    "product": _product,
    "min": lambda left, right: Range(min(left.low, right.low), min(left.high, right.high)),
    "max": lambda left, right: Range(max(left.low, right.low), max(left.high, right.high)),
}
"""The range of two that are free of each other."""
