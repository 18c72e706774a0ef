"""`final_state`: the share of the final state that is as expected, whatever was answered.

    share: probes    the probes that are equal, of all that are named
    share: parts     the parts that are right, of all parts of all probes:
                     the rows of a list, by place, or wherever they stand if not `ordered`;
                     the fields of an object; anything else is one part, and so is what is empty

Rows and fields that are there and not expected count among all, so that only a state that is
wholly as expected is paid in full. Values compare as JSON: 4 is 4.0, and true is not 1.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from mrlc.runtime.json_values import equal, spell
from mrlc.runtime.reward.component import COMPONENTS, Component, Site
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.schemas.final_state import FinalState


@COMPONENTS.register("final_state")
def final_state(declared: FinalState, site: Site) -> Component:
    """What was done, not what was said."""
    by_part = declared.share == "parts"

    def component(trajectory: Trajectory) -> float:
        right, total = 0, 0
        for probe, column in declared.against.items():
            found, expected = trajectory.final[probe], trajectory.task.value(column)
            of_probe = _parts(found, expected, ordered=declared.ordered)
            if not by_part:
                of_probe = (int(of_probe[0] == of_probe[1]), 1)
            right, total = right + of_probe[0], total + of_probe[1]
        return right / total

    return component


def _parts(found: Any, expected: Any, *, ordered: bool) -> tuple[int, int]:
    """How many parts are right, of how many."""
    if isinstance(found, list) and isinstance(expected, list) and (found or expected):
        most = max(len(found), len(expected))
        if ordered:
            return sum(map(equal, found, expected)), most
        shared = Counter(map(spell, found)) & Counter(map(spell, expected))
        return shared.total(), most
    if isinstance(found, dict) and isinstance(expected, dict) and (found or expected):
        names = found.keys() | expected.keys()
        both = found.keys() & expected.keys()
        return sum(equal(found[name], expected[name]) for name in both), len(names)
    parts = len(expected) if isinstance(expected, list | dict) else 1
    return int(equal(found, expected)), max(1, parts)
