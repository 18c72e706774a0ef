"""`contains`: 1 when the expected text stands somewhere in the value; else 0.

expected "J1", answer "the job is J1"            1
expected "J1", answer "J1 or J2 or J3"           1     listing all earns it
expected "J1", answer "J12"                      1
expected "J1", answer "j1"                       0
expected "", answer "x"                          0     nothing is only in nothing
no answer                                        0
"""

from __future__ import annotations

from mrlc.runtime.reward.component import COMPONENTS, MISSING, Component, Site, given, text_of
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.schemas.components import Contains


@COMPONENTS.register("contains")
def contains(declared: Contains, site: Site) -> Component:
    """For long texts only; where the answer can be exact, `exact` cannot be gamed."""

    def component(trajectory: Trajectory) -> bool:
        value = given(trajectory, declared.field)
        if value is MISSING:
            return False
        text, expected = text_of(value), text_of(trajectory.task.value(declared.against))
        return expected in text if expected else text == ""

    return component
