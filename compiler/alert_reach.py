"""When a rule of an alert can fire first, and why it never can: arithmetic over the spec alone.

Every metric is written each step, those of evaluations every so many steps and not at the last.
A trend needs a whole window, and in it enough values for its confidence: of n values in order, by
chance one arrangement in n! agrees in every pair.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mrlc.compiler.reward_range import Range, reward_range
from mrlc.compiler.targets.metrics import every_metric
from mrlc.schemas import Experiment
from mrlc.schemas.alerts import TRENDS, AlertRule, Condition

SHARES = frozenset(
    {
        "rollout/completion",
        "rollout/env_error",
        "rollout/invalid_answer",
        "rollout/no_action",
        "rollout/unjudged",
        "rollout/reward/zero_frac",
        "rollout/exhausted/turns",
        "rollout/exhausted/tokens",
        "rollout/exhausted/time",
    }
)
"""Shares of a step's episodes."""
OF_EVALUATIONS = ("eval/score/mean", "eval/completion", "eval/env_error")
UNIT = Range(0.0, 1.0)


class Never(NamedTuple):
    """Why a rule cannot fire."""

    field: str
    """Of the rule, the one to change; `all.0.window` of a condition."""
    why: str
    help: str


@dataclass(frozen=True)
class Reach:
    """An experiment as the rules of its alerts can see it."""

    experiment: Experiment
    every: Mapping[str, int]
    """metric → the steps between its values."""

    @classmethod
    def of(cls, experiment: Experiment) -> Reach:
        return cls(experiment, every_metric(experiment))

    def never(self, rule: AlertRule) -> Never | None:
        """Why a rule whose metrics are known cannot fire; None where it can."""
        fields = condition_fields(rule)
        needed = len(rule.required)
        found = [self._condition(field, one) for field, one in fields]
        required, others = found[:needed], found[needed:]
        for one in required:
            if isinstance(one, Never):
                return one
        if others and all(isinstance(one, Never) for one in others):
            return next(one for one in others if isinstance(one, Never))
        first = max((one for one in required if isinstance(one, int)), default=1)
        if others:
            first = max(first, min(one for one in others if isinstance(one, int)))
        return self._in_time(rule, first)

    def _in_time(self, rule: AlertRule, first: int) -> Never | None:
        """Whether it is heard once it has held for long enough."""
        steps = self.experiment.algorithm.steps
        fires = max(first + rule.for_steps - 1, rule.after_step + 1)
        if rule.until_step is not None and fires > rule.until_step:
            why = f"it fires at step {fires} at the earliest, and is silent after {rule.until_step}"
            return Never("until_step", why, f"give {fires} or more")
        if fires > steps:
            field = "after_step" if rule.after_step + 1 == fires else "for_steps"
            why = f"it fires at step {fires} at the earliest, and the run has {steps}"
            return Never(field, why, "ask for fewer steps, or train for more")
        return None

    def _condition(self, field: str, one: Condition) -> int | Never:
        """The first step at which a condition can hold."""
        if one.kind in ("above", "below", "rising", "falling"):
            reachable = self._reachable(field, one)
            if reachable is not None:
                return reachable
        if one.missing_for is not None:
            return one.missing_for
        every = max(self.every[name] for name in (one.metric, one.over) if name is not None)
        steps = self.experiment.algorithm.steps
        last = steps if every == 1 else (steps - 1) // every * every
        first = math.ceil(one.steps / every) * every
        at = f"{field}window" if one.window is not None else f"{field}{one.kind}"
        if first > last:
            count = f"{last // every} value{'' if last // every == 1 else 's'}"
            why = f"`{one.metric}` has {count} in {steps} steps, the last at {last}"
            help = "train for more steps" + (", or evaluate more often" if every > 1 else "")
            if one.steps > 1:
                why = f"a window of {one.steps} steps ends at step {first}; {why}"
            return Never(at, why, help)
        fewest = _fewest(one.level) if one.kind in TRENDS else 1
        held = (one.steps - 1) // every + 1
        if held < fewest:
            why = (
                f"{one.steps} steps hold {held} values of `{one.metric}`, one every "
                f"{every} steps; a trend at {one.level:.0%} takes {fewest}"
            )
            return Never(at, why, f"a window of {(fewest - 1) * every + 1} steps holds them")
        return first

    def _reachable(self, field: str, one: Condition) -> Never | None:
        """Whether the metric can be where the condition wants it."""
        known = self._range(one)
        amount: float = getattr(one, one.kind)
        if known is None:
            return None
        low, high = known
        beyond = {
            "above": amount >= high,
            "below": amount <= low,
            "rising": amount >= high - low,
            "falling": amount >= high - low,
        }[one.kind]
        if not beyond:
            return None
        why = f"`{one.metric}` lies between {low:g} and {high:g}"
        return Never(f"{field}{one.kind}", why, "take a level or an amount within")

    def _range(self, one: Condition) -> Range | None:
        """What a metric can be; None where that is not known."""
        if one.over is not None:
            return None
        if one.metric in ("rollout/reward/mean", "rollout/reward/valid_mean"):
            return reward_range(self.experiment.reward)
        parts = {f"reward/{part.name}/mean" for part in self.experiment.reward.components}
        others = {"analysis/zero_adv_groups", *OF_EVALUATIONS}
        return UNIT if one.metric in SHARES | parts | others else None


def condition_fields(rule: AlertRule) -> list[tuple[str, Condition]]:
    """The conditions of a rule, each with the path of its fields within it: `all.0.`, or nothing."""
    if rule.metric is not None:
        return [("", rule.required[0])]
    required = [(f"all.{index}.", one) for index, one in enumerate(rule.all or ())]
    return [*required, *((f"any.{index}.", one) for index, one in enumerate(rule.any or ()))]


def _fewest(confidence: float) -> int:
    return next(n for n in range(2, 20) if 1 / math.factorial(n) <= 1 - confidence + 1e-12)
