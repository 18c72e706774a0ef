"""`python`: a function of the user, from the trajectory to a number from 0 to 1."""

from __future__ import annotations

from mrlc.runtime.code import load_callable
from mrlc.runtime.reward.component import COMPONENTS, Component, Site
from mrlc.schemas.reward import PythonComponent


@COMPONENTS.register("python")
def python(declared: PythonComponent, site: Site) -> Component:
    """The way out; it must be deterministic, as it is called once for each trajectory."""
    return load_callable(declared.python, site.inputs, path=f"{site.path}.python")
