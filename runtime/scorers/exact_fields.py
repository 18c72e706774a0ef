"""`exact_fields`: 1 when the answer is the expected value, every field and no other; else 0.

Values compare as JSON: 4 is 4.0, true is not 1, and the order of fields does not count.
"""

from __future__ import annotations

from mrlc.runtime.json_values import equal
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.scorers.scorer import SCORERS, Rule, Site
from mrlc.schemas.evaluation import ExactFields


@SCORERS.register("exact_fields")
def exact_fields(declared: ExactFields, site: Site) -> Rule:
    """All or nothing."""

    def rule(trajectory: Trajectory) -> float:
        if trajectory.answer is None:
            return 0.0
        return float(equal(trajectory.answer.value, trajectory.task.value(declared.against)))

    return rule
