"""The whole spec."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.alerts import Alerts
from mrlc.schemas.algorithm import Algorithm, WarmStart
from mrlc.schemas.data import Data
from mrlc.schemas.environment import Environment
from mrlc.schemas.evaluation import Evaluation
from mrlc.schemas.gates import Gates
from mrlc.schemas.model import Model
from mrlc.schemas.notify import Channel
from mrlc.schemas.reward import Reward
from mrlc.schemas.rollout import Rollout
from mrlc.schemas.section import Name, Section
from mrlc.schemas.target import Target
from mrlc.schemas.turns import Turns

COSMETIC = frozenset({"name", "description", "gates", "notify", "target"})
"""Top-level keys that change where, under what name or on what proof a run happens, and never
what it learns."""


class Experiment(Section):
    """An experiment, as written in one YAML spec."""

    mrlc: Literal["v1"]
    """Version of the spec language."""
    name: Name
    """Names the plan, its runs and its jobs."""
    description: str = ""
    """What the experiment is for; in reports, never in the model."""
    model: Model
    data: Data
    environment: Environment
    turns: Turns
    rollout: Rollout = Rollout()
    reward: Reward
    evaluation: Evaluation
    algorithm: Algorithm = Algorithm()
    warm_start: WarmStart | None = None
    gates: Annotated[Gates, Field()] = Gates()
    alerts: Alerts = Alerts()
    notify: dict[Name, Channel] = Field(default_factory=dict)
    """Channels by the names that alerts use; none by default: an alert is then told on stderr."""
    target: Annotated[Target, Field()] = Target()
