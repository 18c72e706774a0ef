"""`answered`: 1 when the episode ended in a valid answer, right or wrong; else 0."""

from __future__ import annotations

from mrlc.runtime.reward.component import COMPONENTS, Component, Site
from mrlc.schemas.components import Answered


@COMPONENTS.register("answered")
def answered(declared: Answered, site: Site) -> Component:
    """Pay for the form alone; worth little weight, as it is easily had."""
    return lambda trajectory: float(trajectory.answer is not None)
