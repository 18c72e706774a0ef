"""`python`: a function of the user, from the trajectory to a number from 0 to 1.

With `per: turn` it returns a list as long as `trajectory.turns`, whose parts add up to 1 at most.
What it pays at a turn may depend on that turn and those before it, never on later ones: credit
flows back from where it is paid, and an act that a later one is paid for would get none.

It is called in another process (`limited`), and bounded by `turns.score_timeout_s`.
"""

from __future__ import annotations

from mrlc.runtime.limited import LimitedFunction
from mrlc.runtime.reward.component import COMPONENTS, Component, Site
from mrlc.schemas.components import PythonComponent


@COMPONENTS.register("python")
def python(declared: PythonComponent, site: Site) -> Component:
    """The way out; it must be deterministic, as it is called once for each trajectory."""
    path = f"{site.path}.python"
    return LimitedFunction(declared.python, site.inputs, timeout_s=site.timeout_s, path=path)
