"""What an episode is paid for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mrlc.schemas import components as kinds
from mrlc.schemas.final_state import FinalState
from mrlc.schemas.judge import Judge
from mrlc.schemas.section import Section

Component = Annotated[kinds.Known | FinalState | Judge, Field(discriminator="kind")]

MAX_GATES = 8
"""Components that others require: the range of the reward is found by trying their cases."""


class Clip(Section):
    """Bounds that the combined reward is cut to."""

    low: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """No episode is paid less."""
    high: Annotated[float, Field(ge=-1, le=1)] = 1.0
    """No episode is paid more."""

    @model_validator(mode="after")
    def _holds_something(self) -> Clip:
        if self.low >= self.high:
            raise ValueError(f"`low` is {self.low:g}, not below `high`")
        return self


class Reward(Section):
    """The weighted components, combined. A broken episode has no reward, not a reward of zero."""

    components: Annotated[tuple[Component, ...], Field(min_length=1, max_length=64)]
    """What is paid for; the weights add up to 1, so that rewards compare between runs."""
    combine: Literal["sum", "product", "min", "max"] = "sum"
    """How weight × value of the components become one number; a sum shows what each is worth."""
    clip: Clip | None = None
    """Bounds of the combined number; left out: none, as what is cut off teaches nothing."""
    diverges_because: str | None = None
    """Why the reward is not the evaluation's rule, where it is not."""

    @model_validator(mode="after")
    def _gates_are_few(self) -> Reward:
        required = {name for component in self.components for name in component.requires}
        if len(required) > MAX_GATES:
            raise ValueError(
                f"{len(required)} components are required by others; it can be {MAX_GATES}"
            )
        return self
