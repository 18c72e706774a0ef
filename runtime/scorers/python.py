"""`python`: a function of the user, from the trajectory to a score from 0 to 1."""

from __future__ import annotations

from pathlib import Path

from mrlc.runtime.code import load_callable
from mrlc.runtime.scorers.scorer import PATH, SCORERS, Rule
from mrlc.schemas.evaluation import PythonScorer


@SCORERS.register("python")
def python(declared: PythonScorer, inputs: Path) -> Rule:
    """The way out; 1 is success."""
    return load_callable(declared.python, inputs, path=f"{PATH}.python")
