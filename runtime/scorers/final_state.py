"""`final_state`: 1 when every probe equals its expected value, whatever was answered; else 0.

Values compare as JSON: 4 is 4.0, true is not 1, and the order of fields does not count. The
order of rows counts unless the spec says `ordered: false`; how often a row is there always does.
"""

from __future__ import annotations

from typing import Any

from mrlc.runtime.json_values import equal, spell
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.scorers.scorer import SCORERS, Rule, Site
from mrlc.schemas.evaluation import ExactState


@SCORERS.register("final_state")
def final_state(declared: ExactState, site: Site) -> Rule:
    """All or nothing."""

    def rule(trajectory: Trajectory) -> float:
        return float(
            all(
                _is_equal(trajectory.final[probe], trajectory.task.value(column), declared)
                for probe, column in declared.against.items()
            )
        )

    return rule


def _is_equal(found: Any, expected: Any, declared: ExactState) -> bool:
    if declared.ordered or not (isinstance(found, list) and isinstance(expected, list)):
        return equal(found, expected)
    return sorted(map(spell, found)) == sorted(map(spell, expected))
