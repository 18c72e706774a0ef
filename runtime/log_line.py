"""The one line a step that goes to the log, for people and for SageMaker's metrics.

    mrlc step=12 rollout/reward/mean=0.53 train/loss=-0.0012

`mrlc`, then name=value pairs, the step first, each value as Python writes a number. The compiler
writes an expression for each name that finds its value in such a line
(`mrlc.compiler.targets.metrics`). A step at which alerts fire has a second line:

    mrlc step=40 alert/firing=1 alert/reward-hacked=1
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mrlc.runtime.alerts.firing import Firing


def log_line(row: Mapping[str, float | int | str]) -> str:
    """The line of a row of metrics.jsonl; what is no finite number is left out of it."""
    numbers = {name: value for name, value in row.items() if _is_number(value)}
    ordered = {"step": numbers.pop("step", 0), **numbers}
    return " ".join(["mrlc", *(f"{name}={value!r}" for name, value in ordered.items())])


def alert_metrics(firings: Sequence[Firing]) -> dict[str, int]:
    """How many rules fire at a step, and which."""
    return {"alert/firing": len(firings), **{f"alert/{firing.rule}": 1 for firing in firings}}


def _is_number(value: float | str) -> bool:
    return not isinstance(value, str | bool) and math.isfinite(value)
