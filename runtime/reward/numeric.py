"""`numeric`: 1 when a number is within a tolerance of the expected one.

    expected 40, answer 41, absolute 1                   1
    expected 40, answer 42, relative 0.05                1
    expected 40, answer 44, absolute 1, partial          0.25     tolerance ÷ error
    expected 40, answer "40"                             1        the text of a JSON number
    expected 40, answer "forty", true, or none           0

A column of a CSV file holds text, so a number's text is the number; no other text is.
"""

from __future__ import annotations

import math
from typing import Any

from mrlc.runtime.json_values import loads
from mrlc.runtime.reward.component import COMPONENTS, Component, Site, given
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.schemas.components import Numeric

SLACK = 1e-12
"""Share of the numbers by which floats may miss: 0.3 is within 0.1 of 0.2."""


@COMPONENTS.register("numeric")
def numeric(declared: Numeric, site: Site) -> Component:
    """For quantities, where near is as good as equal, or better than far."""

    def component(trajectory: Trajectory) -> float:
        value = number(given(trajectory, declared.field))
        expected = number(trajectory.task.value(declared.against))
        if value is None or expected is None:
            return 0.0
        error = abs(value - expected)
        tolerance = max(declared.absolute, declared.relative * abs(expected))
        if error <= tolerance + SLACK * max(abs(value), abs(expected)):
            return 1.0
        return tolerance / error if declared.partial else 0.0

    return component


def number(value: Any) -> float | None:
    """A finite number, from JSON's own or from the text of one; else None."""
    if isinstance(value, str):
        try:
            value = loads(value.strip())
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
