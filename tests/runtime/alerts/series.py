"""Synthetic runs: the metrics of every step, healthy or with one thing wrong."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

Row = dict[str, float]
Curve = Callable[[int], float]
STEPS, EVERY = 200, 10
GROUPS, SIZE, TASKS = 16, 8, 200


@dataclass
class Shape:
    """What a run would show without noise, by step."""

    reward: Curve
    score: Curve
    alike: Curve = lambda step: 0.3
    nothing: Curve = lambda step: 0.1
    completion: Curve = lambda step: 0.97
    tokens: Curve = lambda step: 0.01
    turns: Curve = lambda step: 0.02
    noise: float = 0.03
    persistence: float = 0.5
    """Correlation of the reward's noise from step to step."""
    steps: int = STEPS
    extra: dict[str, Curve] = field(default_factory=dict)


def rows(shape: Shape, seed: int) -> Iterator[tuple[int, Row]]:
    """The rows of a run; shares are drawn as episodes fall, the score as tasks do."""
    rng = np.random.default_rng(seed)
    drift = rng.normal()
    for step in range(1, shape.steps + 1):
        kept = shape.persistence
        drift = kept * drift + math.sqrt(1 - kept * kept) * rng.normal()
        reward = shape.reward(step)
        # As of a mean of values from 0 to 1: none at the ends.
        spread = 2 * shape.noise * math.sqrt(max(reward * (1 - reward), 0.0))
        row = {
            "rollout/episodes": float(GROUPS * SIZE),
            "rollout/reward/mean": min(max(reward + spread * drift, 0.0), 1.0),
            "rollout/reward/zero_frac": share(rng, shape.nothing(step), GROUPS * SIZE),
            "rollout/completion": share(rng, shape.completion(step), GROUPS * SIZE),
            "rollout/exhausted/tokens": share(rng, shape.tokens(step), GROUPS * SIZE),
            "rollout/exhausted/turns": share(rng, shape.turns(step), GROUPS * SIZE),
            "rollout/env_error": share(rng, 0.002, GROUPS * SIZE),
            "analysis/zero_adv_groups": share(rng, shape.alike(step), GROUPS),
        }
        if step % EVERY == 0 and step < shape.steps:
            # The same tasks greedily: only those near the boundary flip from one to the next.
            score = min(max(shape.score(step), 0.0), 1.0)
            flips = 0.5 * math.sqrt(score * (1 - score) / TASKS) * rng.normal()
            row["eval/score/mean"] = min(max(score + flips, 0.0), 1.0)
        yield step, row | {name: curve(step) for name, curve in shape.extra.items()}


def share(rng: np.random.Generator, chance: float, of: int) -> float:
    """A share as it is drawn."""
    return float(rng.binomial(of, chance)) / of


def ramp(start: float, end: float, first: int, last: int) -> Curve:
    """From one level to another, straight."""

    def at(step: int) -> float:
        way = min(max((step - first) / (last - first), 0.0), 1.0)
        return start + (end - start) * way

    return at


def saturating(start: float, end: float, pace: float) -> Curve:
    """From one level towards another, ever slower: most of the way after `pace` steps."""
    return lambda step: end - (end - start) * math.exp(-step / pace)


def logistic(start: float, end: float, middle: float, pace: float) -> Curve:
    """Late, then fast, then done."""
    return lambda step: start + (end - start) / (1 + math.exp(-(step - middle) / pace))


def healthy(seed: int) -> Shape:
    """One of five kinds of run that need nobody: fast, slow, late, at its plateau, warming up."""
    rng = random.Random(f"healthy {seed}")
    noise, persistence = rng.uniform(0.01, 0.05), rng.uniform(0.0, 0.7)
    start, end = rng.uniform(0.05, 0.3), rng.uniform(0.94, 1.0)
    kind = seed % 5
    if kind == 0:  # fast, then a plateau at success, where most groups are alike
        reward = saturating(start, end, rng.uniform(10, 30))
    elif kind == 1:  # slow: a tenth in sixty steps
        slope = rng.uniform(0.0016, 0.003)
        reward = ramp(start, start + slope * STEPS, 0, STEPS)
    elif kind == 2:  # late: sparse at first, then up
        reward = logistic(0.03, end, rng.uniform(30, 60), rng.uniform(10, 15))
    elif kind == 3:  # as good as done from the start
        reward = saturating(0.88, end, rng.uniform(10, 40))
    else:  # the learning rate warms up; long turns become shorter
        reward = ramp(start, end, rng.randint(5, 12), rng.randint(100, 160))

    def score(step: int) -> float:
        return max(reward(step) - 0.08, 0.0)

    def alike(step: int) -> float:
        chance = min(max(reward(step), 0.01), 0.99)
        return min(chance**5 + (1 - chance) ** 5, 1.0)

    return Shape(
        reward,
        score,
        alike=alike,
        nothing=lambda step: 0.8 * (1 - reward(step)),
        completion=saturating(0.8, 0.98, 10),
        tokens=saturating(0.08 if kind == 4 else 0.02, 0.01, 4),
        turns=saturating(0.15 if kind == 4 else 0.04, 0.02, 4),
        noise=noise,
        persistence=persistence,
    )


def _parser_mismatch() -> Shape:
    """Nothing that is said can be read."""
    zero: Curve = lambda step: 0.0  # noqa: E731
    one: Curve = lambda step: 1.0  # noqa: E731
    return Shape(zero, zero, alike=one, nothing=one, completion=lambda step: 0.1)


def _alike() -> Shape:
    """The format is earned by all and nothing else by anyone, from step 60 on."""
    reward = ramp(0.1, 0.4, 0, 50)
    return Shape(
        reward,
        lambda step: 0.5 * reward(step),
        alike=lambda step: 0.3 if step < 60 else 0.97,
        noise=0.01,
        steps=110,
    )


def _hacked() -> Shape:
    """Both rise; from step 60 on only the reward does."""
    score = ramp(0.1, 0.4, 0, 60)
    return Shape(ramp(0.15, 0.95, 0, 160), score)


def _collapsed() -> Shape:
    """Up to step 60, then gone within three steps."""
    up, down = ramp(0.1, 0.6, 0, 60), ramp(1.0, 0.01, 60, 63)
    return Shape(
        lambda step: up(step) * down(step),
        lambda step: up(step) * down(step),
        nothing=lambda step: 1 - up(step) * down(step),
        alike=lambda step: 0.3 if step < 61 else 0.97,
        steps=140,
    )


def _stalled() -> Shape:
    """Up to 0.55 by step 60, and there it stays."""
    reward = ramp(0.1, 0.55, 0, 60)
    return Shape(reward, lambda step: reward(step) - 0.05, persistence=0.2, noise=0.02)


def _cut_off() -> Shape:
    """A reward for length: turns grow into their cap from step 80 on."""
    shape = healthy(1)
    shape.tokens = ramp(0.01, 0.4, 80, 120)
    return shape


def _going_round() -> Shape:
    """Episodes that never end, from step 80 on."""
    shape = healthy(1)
    shape.turns = ramp(0.02, 0.6, 80, 120)
    return shape


SYMPTOMS: dict[str, tuple[Shape, range]] = {
    "flat-from-start": (_parser_mismatch(), range(20, 21)),
    "groups-alike": (_alike(), range(64, 96)),
    "reward-hacked": (_hacked(), range(100, 151)),
    "reward-collapsed": (_collapsed(), range(64, 70)),
    "reward-stalled": (_stalled(), range(100, 150)),
    "token-cap": (_cut_off(), range(90, 106)),
    "turns-exhausted": (_going_round(), range(90, 110)),
}
"""rule → a run with its symptom, and the steps within which it promises to fire."""
