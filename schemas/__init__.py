"""What may be said: one pydantic module for each section of a spec, and the plan.

The package knows nothing but pydantic. A spec is an `Experiment`; the compiler
writes a `Plan`, which holds a fully resolved `Experiment`, and the runtime reads
nothing else.
"""

from mrlc.schemas.experiment import Experiment
from mrlc.schemas.plan import Plan

__all__ = ["Experiment", "Plan"]
