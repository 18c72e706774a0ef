"""Firings as the rules give them, friendly and hostile."""

from __future__ import annotations

from typing import Any

from mrlc.runtime.alerts.firing import Firing

CONDITION = {
    "metric": "rollout/reward/mean",
    "asks": "rises by more than 0.1 over 20 steps",
    "holds": True,
    "slope": 0.01234567,
    "values": [[21, 0.31], [30, 0.4], [40, 0.55]],
}
HACKED = Firing(
    rule="reward-hacked",
    step=40,
    symptom="the reward rises and the evaluation does not",
    evidence={"since": 21, "conditions": [CONDITION]},
    first_change="read the trajectories, then tighten the parser",
    patch="reward.components.0.weight=0.5\nreward.components.1.weight=0.5",
    actions=("warn", "stop"),
    notify=("ops",),
)
HOSTILE_TEXT = "<!channel> *bold*\n\x1b[31mred \u202eevil `code` é & \x00"
HOSTILE = Firing(
    rule="reward-hacked",
    step=1,
    symptom=HOSTILE_TEXT,
    evidence={HOSTILE_TEXT: HOSTILE_TEXT, "nan": float("nan"), "long": "x" * 100_000},
    first_change=HOSTILE_TEXT,
    patch=HOSTILE_TEXT,
    actions=("warn",),
)


def firing(**changed: Any) -> Firing:
    """The friendly one, changed."""
    return Firing(**{**vars(HACKED), **changed})
