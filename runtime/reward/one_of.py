"""`one_of`: 1 when the value equals one of several; else 0.

values [wait, order], answer "wait"                          1
values [1, 2], answer 1.0                                    1
values [1, 2], answer true                                   0
against a column with ["J1", "J2"], answer "j1"              0
no answer, a field that it has not, a column with no list    0
"""

from __future__ import annotations

from typing import Any

from mrlc.runtime.json_values import equal
from mrlc.runtime.reward.component import COMPONENTS, Component, Site, given
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.schemas.components import OneOf


@COMPONENTS.register("one_of")
def one_of(declared: OneOf, site: Site) -> Component:
    """For questions with several right answers."""

    def component(trajectory: Trajectory) -> bool:
        value = given(trajectory, declared.field)
        return any(equal(value, accepted) for accepted in _accepted(declared, trajectory))

    return component


def _accepted(declared: OneOf, trajectory: Trajectory) -> list[Any]:
    if declared.values is not None:
        return list(declared.values)
    assert declared.against is not None
    accepted = trajectory.task.value(declared.against)
    return accepted if isinstance(accepted, list) else []
