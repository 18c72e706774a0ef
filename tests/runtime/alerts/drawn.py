"""Runs drawn episode by episode: a second way to make series, which the guide was not tuned on.

A task is as hard as it is, a field of its answer too, and the policy has a skill that wanders. A
field is right with the logistic chance of skill less difficulty; the members of a group share
their task, so shares scatter more than episodes alone would; the evaluation plays a fixed set of
tasks greedily, so it stays behind a dense reward while skill is low and goes ahead where it is high.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mrlc.schemas import Experiment
from tests.runtime.alerts.conftest import PLAIN, experiment

Row = dict[str, float]
Curve = Callable[[int], float]
TASKS, HELD_OUT = 300, 100
FORMAT = 0.1
"""Weight of the component that pays for any answer."""
NEVER = 10**9


@dataclass
class Drawn:
    """How a run is set up, and what its policy can do by step."""

    seed: int
    steps: int
    prompts: int
    group: int
    every: int
    """Steps between two evaluations."""
    fields: int
    wander: float
    """Spread of the skill's own noise, which lasts with `persistence`."""
    persistence: float
    hardness: float
    """Spread of the tasks' difficulty."""
    skill: Curve
    """Log-odds at a task and field of middling difficulty."""
    answered: Curve
    tokens: Curve
    turns: Curve
    sharp_from: int = NEVER
    """From here on the policy samples as it plays greedily, but for one field in a thousand."""
    judged: Curve | None = None
    """Skill as the evaluation sees it; None: the reward pays for what is evaluated."""

    @property
    def experiment(self) -> Experiment:
        return experiment(
            algorithm={
                "steps": self.steps,
                "group_size": self.group,
                "prompts_per_step": self.prompts,
            },
            evaluation={**PLAIN["evaluation"], "every_steps": self.every},
        )

    def rows(self) -> Iterator[tuple[int, Row]]:
        """The metrics of each step."""
        rng = np.random.default_rng([self.seed, 0xD])
        offsets = rng.normal(0, 0.5, self.fields)
        tasks, held_out = (rng.normal(0, self.hardness, n) for n in (TASKS, HELD_OUT))
        drift = 0.0
        for step in range(1, self.steps + 1):
            kept = self.persistence
            drift = kept * drift + np.sqrt(1 - kept**2) * rng.normal(0, self.wander)
            chosen = rng.choice(tasks, self.prompts, replace=False)
            row = self._rollouts(rng, step, chosen[:, None] + offsets - self.skill(step) - drift)
            if step % self.every == 0 and step < self.steps:
                able = (self.judged or self.skill)(step) + drift
                margin = able - held_out[:, None] - offsets
                right = margin + rng.normal(0, 0.3, margin.shape) > 0
                row["eval/score/mean"] = float(right.all(1).mean())
            yield step, row

    def _rollouts(self, rng: np.random.Generator, step: int, lack: np.ndarray) -> Row:
        shape = (self.prompts, self.group, self.fields)
        chance = 1 / (1 + np.exp(lack))
        if step >= self.sharp_from:
            chance = np.where(lack < 0, 0.999, 0.001)
        answered = rng.random(shape[:2]) < self.answered(step)
        right = (rng.random(shape) < chance[:, None, :]) & answered[..., None]
        reward = (1 - FORMAT) * right.mean(2) + FORMAT * answered
        return {
            "rollout/episodes": float(self.prompts * self.group),
            "rollout/reward/mean": float(reward.mean()),
            "rollout/reward/zero_frac": float((reward == 0).mean()),
            "rollout/completion": float(answered.mean()),
            "rollout/exhausted/tokens": self._share(rng, self.tokens(step)),
            "rollout/exhausted/turns": self._share(rng, self.turns(step)),
            "rollout/env_error": self._share(rng, 0.003),
            "analysis/zero_adv_groups": float((np.ptp(reward, axis=1) < 1e-9).mean()),
        }

    def _share(self, rng: np.random.Generator, chance: float) -> float:
        """Of episodes, where a task that has it often has it in several members."""
        of_task = rng.beta(4 * chance, 4 * (1 - chance), self.prompts) if chance else 0.0
        return float(rng.binomial(self.group, of_task, self.prompts).sum()) / (
            self.prompts * self.group
        )


def straight(*corners: tuple[float, float]) -> Curve:
    """Through these points of step and value, level before and after."""
    steps, values = zip(*corners, strict=True)
    return lambda step: float(np.interp(step, steps, values))


def _setting(seed: int, kind: str, **given: object) -> tuple[random.Random, dict[str, object]]:
    rng = random.Random(f"{kind} {seed}")
    size = rng.choice([(32, 4), (16, 8), (32, 8), (8, 16), (16, 16)])
    about: dict[str, object] = {
        "seed": seed,
        "steps": 200,
        "prompts": size[0],
        "group": size[1],
        "every": rng.choice([5, 10, 20]),
        "fields": rng.choice([1, 2, 3, 4]),
        "wander": rng.uniform(0.02, 0.15),
        "persistence": rng.uniform(0.0, 0.8),
        "hardness": rng.uniform(0.4, 1.2),
        "answered": straight((0, rng.uniform(0.7, 0.95)), (15, rng.uniform(0.95, 0.995))),
        "tokens": straight((0, rng.uniform(0.0, 0.03)), (20, rng.uniform(0.001, 0.015))),
        "turns": straight((0, rng.uniform(0.0, 0.06)), (20, rng.uniform(0.001, 0.03))),
    }
    return rng, about | given


HEALTHY = ("steady", "staircase", "early", "slow", "late", "dip", "solved")


def healthy(seed: int) -> Drawn:
    """One of seven kinds of run that need nobody."""
    kind = HEALTHY[seed % len(HEALTHY)]
    rng, about = _setting(seed, f"healthy {kind}")
    low, high = rng.uniform(-2.0, -0.8), rng.uniform(3.8, 5.0)
    at = rng.randint
    rest = at(15, 35)
    begin = at(20, 50)
    middle, back = rng.uniform(-0.3, 0.8), at(60, 110)
    curves = {
        "steady": straight((0, low), (at(90, 190), high)),
        # A rest that is shorter than what is called a stall.
        "staircase": straight((0, low), (begin, middle), (begin + rest, middle), (190, high)),
        "early": straight((0, low), (at(15, 40), high)),
        "slow": straight((0, low), (200, low + rng.uniform(2.2, 3.0))),
        "late": straight((0, low), (at(8, 15), low), (at(100, 150), high)),
        "dip": straight((0, low), (back, 2.0), (back + 8, 1.2), (back + 25, 2.2), (200, high)),
        "solved": straight((0, high - 0.5), (60, high)),
    }
    return Drawn(skill=curves[kind], **about)  # type: ignore[arg-type]


def sick(rule: str, seed: int) -> tuple[Drawn, int]:
    """A run with the symptom of a rule, and the step from which on it has it."""
    rng, about = _setting(seed, rule)
    begin = rng.randint(40, 80)
    low, level = rng.uniform(-2.0, -0.8), rng.uniform(-0.5, 0.5)
    up = straight((0, low), (begin, level))
    rising = straight((0, low), (200, low + rng.uniform(2.6, 4.0)))
    if rule == "flat-from-start":
        about["answered"] = straight((0, rng.uniform(0.0, 0.03)))
        return Drawn(skill=straight((0, -4.0)), **about), 1  # type: ignore[arg-type]
    if rule == "groups-alike":
        about["answered"] = straight((0, 0.9), (begin, 0.9999))
        return Drawn(skill=up, sharp_from=begin, **about), begin  # type: ignore[arg-type]
    if rule == "reward-hacked":
        # Both rise until half of the tasks succeed or so; then only what is paid does.
        up = straight((0, low), (begin, level), (begin + rng.randint(120, 200), 4.5))
        learnt = straight((0, low), (begin, level))
        return Drawn(skill=up, judged=learnt, **about | {"steps": 320}), begin  # type: ignore[arg-type]
    if rule == "reward-collapsed":
        gone = straight((0, low), (begin, 0.8), (begin + rng.randint(2, 6), -7.0))
        about["answered"] = straight((0, 0.95), (begin, 0.97), (begin + 4, 0.05))
        return Drawn(skill=gone, **about), begin  # type: ignore[arg-type]
    if rule == "reward-stalled":
        return Drawn(skill=up, **about), begin  # type: ignore[arg-type]
    share = {"token-cap": "tokens", "turns-exhausted": "turns"}[rule]
    end = rng.uniform(0.2, 0.5)
    about[share] = straight((begin, 0.01), (begin + rng.randint(10, 40), end))
    return Drawn(skill=rising, **about), begin  # type: ignore[arg-type]
