"""One condition, value by value: whether it holds, and the figures that say so.

Only new values count: between two evaluations a condition on them stays as it was. A value that
is absent, or no finite number, is none. What asks for a window is undecided, so does not hold,
until the run is as old as the window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from mrlc.runtime.alerts.trend import Trend, trend
from mrlc.runtime.intervals import beta_cdf, beta_quantile
from mrlc.runtime.metrics import OF_ALL
from mrlc.schemas.alerts import TRENDS, Condition

EPISODES, BROKEN = "rollout/episodes", "rollout/env_error"
TINY = 1e-9
"""A best of nothing has nothing to collapse from."""


@dataclass
class Probe:
    """A condition and what it has seen."""

    condition: Condition
    group_size: int
    """Episodes that share a task, and so count as one where a share is bounded."""
    points: list[tuple[int, float, float]] = field(default_factory=list)
    """Step, value and independent episodes of the window."""
    best: float | None = None
    """The highest mean of a whole window so far; only `below_best` asks."""
    seen: int | None = None
    """Step of the last value."""
    _holds: bool | None = False
    """None: as the points say, when it is asked."""

    def observe(self, step: int, metrics: Mapping[str, float | None], *, first: int) -> bool:
        """Look at a step; whether there was anything new. `first` is the run's first step."""
        value = _value(self.condition, metrics)
        if value is not None:
            self.seen = step
        if self.condition.missing_for is not None:
            last = first - 1 if self.seen is None else self.seen
            self._holds = step - last >= self.condition.missing_for
            return True
        if value is None:
            return False
        units = self._episodes(metrics) / self.group_size
        keep = step - self.condition.steps
        self.points = [*(one for one in self.points if one[0] > keep), (step, value, units)]
        is_whole = step - first + 1 >= self.condition.steps
        self._holds = self._decide() if is_whole else False
        return True

    def _episodes(self, metrics: Mapping[str, float | None]) -> float:
        """Those that a share of this metric is of."""
        every = _number(metrics.get(EPISODES)) or 0.0
        broken = _number(metrics.get(BROKEN)) or 0.0
        return every if self.condition.metric in OF_ALL else every * (1 - broken)

    @property
    def holds(self) -> bool:
        """Whether it does, since its last value."""
        if self._holds is None:
            self._holds = _is_trend(self.condition, self._trend())
        return self._holds

    @property
    def cost(self) -> int:
        """What it takes to say whether it holds, so that what is cheap is asked first."""
        return len(self.points) if self._holds is None else 0

    def evidence(self) -> dict[str, Any]:
        """The figures that decided, and the values they come from."""
        values = [[step, round(value, 6)] for step, value, _ in self.points]
        about = {"metric": name_of(self.condition), "asks": words(self.condition)}
        return {**about, "holds": self.holds, **self._figures(), "values": values}

    def state(self) -> dict[str, Any]:
        """As JSON holds it."""
        points = [list(point) for point in self.points]
        return {"holds": self._holds, "points": points, "best": self.best, "seen": self.seen}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Be as `state` was."""
        self._holds, self.best, self.seen = state["holds"], state["best"], state["seen"]
        self.points = [(int(s), float(v), float(u)) for s, v, u in state["points"]]

    def _decide(self) -> bool | None:
        asked = self.condition
        if asked.kind in ("above", "below"):
            return _is_beyond(asked, self.points[-1][1], was=self.holds)
        if asked.kind in TRENDS:
            return None
        if asked.share_above is not None:
            hits, units = self._hits()
            if hits <= asked.share_above * units:
                return False
            # The exact bound of Clopper and Pearson is above the limit just where this is so.
            return beta_cdf(asked.share_above, hits, units - hits + 1) < 1 - asked.level
        best, mean = self.best, self._mean()
        self.best = mean if best is None else max(best, mean)
        least = max(asked.best or 0.0, TINY)
        return best is not None and best >= least and mean < (asked.below_best or 0.0) * best

    def _figures(self) -> dict[str, Any]:
        asked, steps = self.condition, self.condition.steps
        if asked.missing_for is not None:
            return {"last_seen": self.seen}
        if not self.points:
            return {}
        if asked.kind in TRENDS:
            found = self._trend()
            return {
                "change": found.slope * steps,
                "surely_above": _finite(found.low * steps),
                "surely_below": _finite(found.high * steps),
            }
        if asked.share_above is not None:
            hits, units = self._hits()
            low = beta_quantile(1 - asked.level, hits, units - hits + 1) if hits > 0 else 0.0
            return {"share": hits / units if units else 0.0, "surely_above": low}
        if asked.below_best is not None:
            return {"mean": self._mean(), "best": self.best}
        return {"value": self.points[-1][1]}

    def _trend(self) -> Trend:
        return trend([(s, v) for s, v, _ in self.points], confidence=self.condition.level)

    def _hits(self) -> tuple[float, float]:
        """Episodes with the property and all, the group being the unit."""
        units = math.fsum(unit for _, _, unit in self.points)
        return min(math.fsum(value * unit for _, value, unit in self.points), units), units

    def _mean(self) -> float:
        return fmean(value for _, value, _ in self.points)


def _is_beyond(condition: Condition, value: float, *, was: bool) -> bool:
    """A level, with what clears it: once it holds, it holds until a value is back there."""
    if condition.above is not None:
        clear = condition.above if condition.clear is None else condition.clear
        return value > (clear if was else condition.above)
    assert condition.below is not None
    clear = condition.below if condition.clear is None else condition.clear
    return value < (clear if was else condition.below)


def _is_trend(condition: Condition, found: Trend) -> bool:
    steps = condition.steps
    if condition.rising is not None:
        return found.low * steps > condition.rising
    if condition.not_rising is not None:
        return found.high * steps < condition.not_rising
    assert condition.falling is not None
    return found.high * steps < -condition.falling


def _value(condition: Condition, metrics: Mapping[str, float | None]) -> float | None:
    value = _number(metrics.get(condition.metric))
    if value is None or condition.over is None:
        return value
    over = _number(metrics.get(condition.over))
    return value / over if over else None


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def name_of(condition: Condition) -> str:
    """The metric, or the ratio."""
    return f"{condition.metric} / {condition.over}" if condition.over else condition.metric


def words(condition: Condition) -> str:
    """The condition in words, without its metric: `rising by more than 0.1 in 50 steps`."""
    kind, steps = condition.kind, condition.steps
    amount = getattr(condition, kind)
    match kind:
        case "above" | "below":
            return f"{kind} {amount:g}"
        case "rising":
            return f"rising by more than {amount:g} in {steps} steps"
        case "not_rising":
            return f"not rising by {amount:g} in {steps} steps"
        case "falling":
            return f"falling by more than {amount:g} in {steps} steps"
        case "share_above":
            return f"surely above {amount:g} over {steps} steps"
        case "below_best":
            return f"below {amount:g} of its best over {steps} steps"
    return f"without a value for {amount} step{'' if amount == 1 else 's'}"
