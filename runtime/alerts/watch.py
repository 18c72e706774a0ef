"""The watch: all rules of a run, step by step, and what fires.

A rule holds where its conditions do. It fires once when it has held for its steps, and then not
until it has ceased to hold and its cool-down is over. All that it remembers is `state`, so that a
resumed run fires as one left alone. No clock, no file: a finished run is judged by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mrlc.runtime.alerts.advice import Advice, advise
from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.probe import Probe, name_of, words
from mrlc.schemas import Experiment
from mrlc.schemas.alerts import AlertRule
from mrlc.schemas.guide import rules_in_force

Advise = Callable[[AlertRule, Sequence[Mapping[str, Any]]], Advice]
"""The first change, from the rule and the evidence of its conditions."""


class Watch:
    """Rules and what they have seen."""

    def __init__(self, rules: Sequence[AlertRule], advise: Advise, *, group_size: int = 1) -> None:
        self._watched = [_Watched.of(rule, group_size) for rule in rules]
        self._advise = advise
        self._first: int | None = None

    @classmethod
    def of(cls, experiment: Experiment, *, hidden_size: int | None = None) -> Watch:
        """The rules in force of an experiment; `hidden_size` bounds the rank of an adapter."""
        return cls(
            rules_in_force(experiment),
            lambda rule, evidence: advise(rule, evidence, experiment, hidden_size=hidden_size),
            group_size=experiment.algorithm.group_size,
        )

    def observe(self, step: int, metrics: Mapping[str, float | None]) -> list[Firing]:
        """What fires after a step; steps come in their order."""
        self._first = step if self._first is None else self._first
        first = self._first
        fired = [one for one in self._watched if one.observe(step, metrics, first=first)]
        return [self._firing(one, step) for one in fired]

    def state(self) -> dict[str, Any]:
        """All that is remembered, as JSON holds it."""
        return {"first": self._first, "rules": {w.rule.name: w.state() for w in self._watched}}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state` of the same rules."""
        self._first = state["first"]
        for watched in self._watched:
            watched.restore(state["rules"][watched.rule.name])

    def _firing(self, watched: _Watched, step: int) -> Firing:
        rule, evidence = watched.rule, [probe.evidence() for probe in watched.probes]
        advice = self._advise(rule, evidence)
        return Firing(
            rule=rule.name,
            step=step,
            symptom=rule.symptom or said(rule),
            evidence={"since": watched.began(self._first or step), "conditions": evidence},
            first_change=rule.first_change or advice.text,
            patch=advice.patch,
            actions=rule.actions,
            notify=rule.channels,
        )


@dataclass
class _Watched:
    """A rule, its conditions in their order, and where it stands."""

    rule: AlertRule
    probes: list[Probe]
    since: int | None = None
    """The step from which on it has held."""
    has_fired: bool = False
    """Since then."""
    last: int | None = None
    """Step of the last firing."""

    @classmethod
    def of(cls, rule: AlertRule, group_size: int) -> _Watched:
        return cls(rule, [Probe(condition, group_size) for condition in rule.conditions])

    def observe(self, step: int, metrics: Mapping[str, float | None], *, first: int) -> bool:
        news = [
            probe.observe(step, metrics, first=first) for probe in self.probes
        ]  # each must look
        if not any(news):
            return False
        if not self._holds():
            self.since, self.has_fired = None, False
            return False
        self.since = step if self.since is None else self.since
        fires = not self.has_fired and self._is_time(step)
        if fires:
            self.has_fired, self.last = True, step
        return fires

    def began(self, first: int) -> int:
        """The step at which the symptom began: where the longest window that decided does.

        Of alternatives one is enough, so the shortest that holds.
        """
        needed = len(self.rule.required)
        windows = [probe.condition.steps for probe in self.probes[:needed]]
        others = [probe.condition.steps for probe in self.probes[needed:] if probe.holds]
        longest = max([*windows, *sorted(others)[:1]])
        return max(first, (self.since or first) - longest + 1)

    def state(self) -> dict[str, Any]:
        probes = [probe.state() for probe in self.probes]
        about = {"since": self.since, "has_fired": self.has_fired, "last": self.last}
        return {**about, "probes": probes}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.since, self.has_fired, self.last = state["since"], state["has_fired"], state["last"]
        for probe, kept in zip(self.probes, state["probes"], strict=True):
            probe.restore(kept)

    def _holds(self) -> bool:
        needed = len(self.rule.required)
        required, others = self.probes[:needed], self.probes[needed:]
        return all(one.holds for one in sorted(required, key=lambda one: one.cost)) and (
            not others or any(one.holds for one in others)
        )

    def _is_time(self, step: int) -> bool:
        rule = self.rule
        assert self.since is not None
        is_long = step - self.since + 1 >= rule.for_steps
        is_heard = rule.after_step < step and (rule.until_step is None or step <= rule.until_step)
        return is_long and is_heard and (self.last is None or step - self.last > rule.cool_down)


def said(rule: AlertRule) -> str:
    """A rule's conditions in words."""

    def joined(conditions: Sequence[Any], word: str) -> str:
        return f" {word} ".join(f"{name_of(one)} {words(one)}" for one in conditions)

    parts = [joined(rule.required, "and")] if rule.required else []
    parts += [joined(rule.any, "or")] if rule.any else []
    return ", and ".join(parts)
