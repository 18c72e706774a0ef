"""`python`: a function of the user, from the trajectory to a score from 0 to 1.

It is called in another process (`limited`), and bounded by `turns.score_timeout_s`.
"""

from __future__ import annotations

from mrlc.runtime.limited import LimitedFunction
from mrlc.runtime.scorers.scorer import PATH, SCORERS, Rule, Site
from mrlc.schemas.evaluation import PythonScorer


@SCORERS.register("python")
def python(declared: PythonScorer, site: Site) -> Rule:
    """The way out; 1 is success."""
    path = f"{PATH}.python"
    return LimitedFunction(declared.python, site.inputs, timeout_s=site.timeout_s, path=path)
