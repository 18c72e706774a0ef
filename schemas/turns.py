"""How long an episode may take, in turns, tokens and seconds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from mrlc.schemas.section import Section

TOOL_TIMEOUT_S = 5.0
SCORE_TIMEOUT_S = 60.0


class Turns(Section):
    """The budgets of an episode. A turn is one message of the model."""

    human: Annotated[int, Field(ge=1)] | None = None
    """Turns that a person needs; the limit is then 1.5 times as many, rounded up."""
    max_turns: Annotated[int, Field(ge=1, le=256)] | None = None
    """Turns at most; overrides what `human` gives."""
    max_tokens: Annotated[int, Field(ge=1)] = 256
    """Tokens the model may write in one turn."""
    tool_result_tokens: Annotated[int, Field(ge=1)] = 128
    """Tokens kept of one tool result; the rest is cut."""
    tool_timeout_s: Annotated[float, Field(gt=0)] = TOOL_TIMEOUT_S
    """Seconds a tool call, the simulated user or a `python` parser may take before the environment counts
    as broken."""
    score_timeout_s: Annotated[float, Field(gt=0)] = SCORE_TIMEOUT_S
    """Seconds a `python` component or scorer may take for an episode before the run ends, to be resumed.
    No rule that thousands of episodes wait for takes a minute; one that hangs costs no more than that."""
    episode_timeout_s: Annotated[float, Field(gt=0)] = 300.0
    """Seconds an episode may take."""

    @model_validator(mode="after")
    def _some_limit(self) -> Turns:
        if self.human is None and self.max_turns is None:
            raise ValueError("give `human` (turns a person needs) or `max_turns`")
        return self

    @property
    def limit(self) -> int:
        """Turns at most."""
        if self.max_turns is not None:
            return self.max_turns
        assert self.human is not None
        return (3 * self.human + 1) // 2
