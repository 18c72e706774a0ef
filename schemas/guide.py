"""The pack `guide`: the five usual ways in which multi-turn RL fails, and the two budgets.

The amounts are such that a healthy run is silent: a slow learner, a warm-up, a plateau at success,
noise that lasts from step to step. What only episodes can show is asked with confidence. The
rules exclude each other, so that one cause is one alert:

    flat-from-start     nothing is earned or nothing can be read from the first step on
    groups-alike        something is earned, by all members of a group alike
    reward-hacked       the reward rises and the evaluation does not, both surely; no level
    reward-collapsed    what was earned is gone
    reward-stalled      groups differ, budgets hold, and yet the reward stays where it is
    token-cap           T2 of the gates, live: episodes cut off by tokens
    turns-exhausted     T3 of the gates, live: episodes that spend all their turns
"""

from __future__ import annotations

import math
from typing import Any

from mrlc.schemas.alerts import LONGEST, AlertRule, Condition
from mrlc.schemas.experiment import Experiment
from mrlc.schemas.reward import Reward

REWARD, SCORE = "rollout/reward/mean", "eval/score/mean"
ALIKE, NOTHING = "analysis/zero_adv_groups", "rollout/reward/zero_frac"
TOKENS, TURNS = "rollout/exhausted/tokens", "rollout/exhausted/turns"
START = 20
"""Steps in which a reward that is read at all moves."""
EVALUATIONS = 8
"""With fewer, an evaluation that stands still cannot be told from one that rises a little."""
FLOOR = 0.05
"""A score that has not left the floor yet says little: greedily and on whole tasks, the first
successes come long after parts of them are paid. So there it is given twice the time."""
COOL_DOWN = 50
"""Steps: the work of one decision."""
SOLVED = 0.9
"""Share of the highest pay at which to stand still is success."""
TOKEN_SHARE, TURN_SHARE = 0.05, 0.10
"""The limits of T2 and T3."""


def rules_in_force(experiment: Experiment) -> tuple[AlertRule, ...]:
    """The rules of the packs in use, with what is done about them, and the spec's own."""
    alerts = experiment.alerts
    packed = guide(experiment) if "guide" in alerts.use else ()
    changed = (
        one.model_copy(update={"then": alerts.then[one.name]}) if one.name in alerts.then else one
        for one in packed
    )
    return (*changed, *alerts.rules)


def guide(experiment: Experiment) -> tuple[AlertRule, ...]:
    """The rules of the pack for an experiment: amounts scale with what it pays at most."""
    most = highest_pay(experiment.reward)
    hack = min(max(START, EVALUATIONS * experiment.evaluation.every_steps), LONGEST)
    longer = min(2 * hack, LONGEST)
    still = {"metric": REWARD, "not_rising": 0.03 * most}
    return (
        _rule(
            "flat-from-start",
            "the reward is flat from the first step on",
            all=[{**still, "window": START}],
            any=[
                {"metric": NOTHING, "above": 0.95},
                {"metric": "rollout/completion", "below": 0.5},
            ],
            until_step=2 * START,
        ),
        _rule(
            "groups-alike",
            "the reward is flat and the members of a group all earn the same",
            all=[
                {"metric": ALIKE, "above": 0.8, "clear": 0.7},
                {"metric": NOTHING, "below": 0.95},
                {"metric": "rollout/completion", "above": 0.5},
                {"metric": REWARD, "below": SOLVED * most},
            ],
            # Where a task is all or nothing, the tasks of a step decide its reward: a noise in which
            # no small rise can be ruled out, so there a larger one is, over longer.
            any=[
                {**still, "window": START},
                {"metric": REWARD, "not_rising": 0.1 * most, "window": 50},
            ],
            for_steps=5,
        ),
        _rule(
            "reward-hacked",
            "the reward rises and the evaluation does not",
            all=[
                {"metric": REWARD, "rising": 0.1 * most, "window": hack},
                {"metric": SCORE, "not_rising": 0.08, "window": hack},
                {"metric": SCORE, "below": 0.95},
            ],
            any=[
                {"metric": SCORE, "above": FLOOR},
                {"metric": SCORE, "not_rising": 0.08, "window": longer},
            ],
        ),
        _rule(
            "reward-collapsed",
            "the reward has collapsed",
            all=[{"metric": REWARD, "below_best": 0.2, "best": 0.1 * most, "window": 5}],
            after_step=10,
        ),
        _rule(
            "reward-stalled",
            "the reward stands still below success, and nothing else is wrong",
            all=[
                {**still, "window": 50},
                {"metric": ALIKE, "below": 0.7},
                {"metric": NOTHING, "below": 0.95},
                {"metric": REWARD, "below": SOLVED * most},
                {"metric": TOKENS, "below": TOKEN_SHARE},
                {"metric": TURNS, "below": TURN_SHARE},
                {"metric": "rollout/env_error", "below": 0.05},
            ],
            for_steps=10,
        ),
        _rule(
            "token-cap",
            "episodes are cut off by their token budget",
            all=[{"metric": TOKENS, "share_above": TOKEN_SHARE, "window": 10}],
            for_steps=5,
            after_step=10,
        ),
        _rule(
            "turns-exhausted",
            "episodes spend all their turns without an answer",
            all=[{"metric": TURNS, "share_above": TURN_SHARE, "window": 10}],
            for_steps=5,
            after_step=10,
        ),
    )


GUIDE = (
    "flat-from-start",
    "groups-alike",
    "reward-hacked",
    "reward-collapsed",
    "reward-stalled",
    "token-cap",
    "turns-exhausted",
)
"""The names of the pack's rules."""


def highest_pay(reward: Reward) -> float:
    """The most that an episode can be paid, as the weights say it; never 0."""
    weights = [component.weight for component in reward.components]
    most = {
        "sum": math.fsum(weight for weight in weights if weight > 0),
        "product": math.prod(weights),
        "min": min(weights),
        "max": max(weights),
    }[reward.combine]
    if reward.clip is not None:
        most = min(most, reward.clip.high)
    return most if most > 0 else 1.0


def _rule(name: str, symptom: str, **fields: Any) -> AlertRule:
    for key in ("all", "any"):
        if key in fields:
            fields[key] = tuple(Condition(**one) for one in fields[key])
    return AlertRule(name=name, symptom=symptom, then=("warn",), cool_down=COOL_DOWN, **fields)
