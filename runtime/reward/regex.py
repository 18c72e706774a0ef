r"""`regex`: 1 when the whole value matches a regular expression; else 0.

    pattern J[0-9]+, answer "J417"               1
    pattern J[0-9]+, answer "see J417"           0     whole, not somewhere
    pattern [0-9]+, answer 417                   1     a number is read as its JSON
    a value of more than 4,000 characters        0
    no answer                                    0

Patterns that may take exponential time are refused when a spec is compiled; `mrlc.runtime.patterns`
ends what gets through.
"""

from __future__ import annotations

from mrlc.runtime.patterns import Pattern
from mrlc.runtime.reward.component import COMPONENTS, MISSING, Component, Site, given, text_of
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.schemas.components import Regex


@COMPONENTS.register("regex")
def regex(declared: Regex, site: Site) -> Component:
    """For the form of a value; it tells no right answer from a wrong one of the same form."""
    pattern = Pattern(declared.pattern)

    def component(trajectory: Trajectory) -> bool:
        value = given(trajectory, declared.field)
        if value is MISSING:
            return False
        return pattern.is_all(text_of(value))

    return component
