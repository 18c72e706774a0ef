"""`exact`: 1 when the whole answer equals the expected one; else 0.

    expected {"job": "J1", "days": 4}, answer {"days": 4.0, "job": "J1"}             1
    expected {"job": "J1", "days": 4}, answer {"job": "J1", "days": 4, "more": 0}    0
    expected 1, answer true                                                          0
    no answer                                                                        0

Values compare as JSON, as in the evaluation's `exact_fields`.
"""

from __future__ import annotations

from mrlc.runtime.json_values import equal
from mrlc.runtime.reward.component import COMPONENTS, Component, Site, given
from mrlc.schemas.components import Exact


@COMPONENTS.register("exact")
def exact(declared: Exact, site: Site) -> Component:
    """All or nothing: nothing is paid that the evaluation would not count."""
    return lambda trajectory: equal(
        given(trajectory, None), trajectory.task.value(declared.against)
    )
