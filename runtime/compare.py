"""Two evaluations of the same tasks, paired task by task.

Pairing takes out how hard each task is, so a difference shows with far fewer tasks than two
intervals side by side suggest. A task counts where both episodes have a score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from mrlc.runtime.intervals import mcnemar, mean_interval
from mrlc.runtime.outcomes import SUCCESS
from mrlc.runtime.seeds import derive_seed


@dataclass(frozen=True)
class Comparison:
    """What became of the tasks from one policy to the other."""

    tasks: int
    """Those that both have a score on."""
    difference: float
    """Success of the second less that of the first, -1 to 1."""
    interval: list[float]
    """95% interval of the difference, over tasks."""
    p: float
    """Exact, two-sided, of McNemar's test: how often chance alone would tilt it so far."""
    fixed: list[str]
    """Ids of the tasks that only the second succeeds on."""
    broken: list[str]
    """Ids of the tasks that only the first succeeds on."""

    def as_json(self) -> dict[str, Any]:
        """As records hold it."""
        return asdict(self)


def compare(
    before: Mapping[str, Any], after: Mapping[str, Any], *, digest: str
) -> Comparison | None:
    """Pair two results, as JSON has them; None where no task has a score in both.

    `digest`, the plan's, seeds what the interval draws.
    """
    first = {one["task"]: one["score"] for one in before.get("outcomes", ())}
    pairs = [
        (one["task"], first[one["task"]] == SUCCESS, one["score"] == SUCCESS)
        for one in after.get("outcomes", ())
        if one["score"] is not None and first.get(one["task"]) is not None
    ]
    if not pairs:
        return None
    gains = [float(is_right) - float(was_right) for _, was_right, is_right in pairs]
    fixed = [task for task, was_right, is_right in pairs if is_right and not was_right]
    broken = [task for task, was_right, is_right in pairs if was_right and not is_right]
    seed = derive_seed(digest, "interval", "difference")
    return Comparison(
        tasks=len(pairs),
        difference=fmean(gains),
        interval=mean_interval(gains, seed=seed, low=-1.0).as_json(),
        p=mcnemar(len(fixed), len(broken)),
        fixed=fixed,
        broken=broken,
    )
