"""`field_accuracy`: the share of the expected fields that the answer has right.

    expected {"job": "J1", "days": 4}, answer {"job": "J1", "days": 5}                   0.5
    the same with fields {job: 3, days: 1}                                               0.75
    the same with fields {job: 1}                                                        1.0
    expected "J1", answer "J1"                                                           1.0
    no answer                                                                            0.0

Values compare as JSON: 4 is 4.0, and true is not 1. Fields that are not expected do not
count. What is not an object, and an object without fields, compares whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrlc.runtime.json_values import equal
from mrlc.runtime.reward.component import COMPONENTS, Component, Site
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.schemas.components import FieldAccuracy


@COMPONENTS.register("field_accuracy")
def field_accuracy(declared: FieldAccuracy, site: Site) -> Component:
    """Partial credit, so that groups differ before any answer is wholly right."""

    def component(trajectory: Trajectory) -> float:
        if trajectory.answer is None:
            return 0.0
        expected = trajectory.task.value(declared.against)
        return _share(trajectory.answer.value, expected, declared.fields)

    return component


def _share(answer: Any, expected: Any, fields: Mapping[str, float] | None) -> float:
    if not isinstance(expected, dict) or not expected:
        return float(equal(answer, expected))
    if not isinstance(answer, dict):
        return 0.0
    counts = fields or dict.fromkeys(expected, 1.0)
    right = [name for name in counts if _is_right(name, answer, expected)]
    if len(right) == len(counts):
        return 1.0  # sums of shares round, and a gate opens at exactly 1
    return sum(counts[name] for name in right) / sum(counts.values())


def _is_right(name: str, answer: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    return name in expected and name in answer and equal(answer[name], expected[name])
