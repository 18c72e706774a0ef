"""Tools that an agent is shown and never needs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mrlc.schemas.section import Section
from mrlc.schemas.tools import Tool


class Distractors(Section):
    """Tools beside those of the task, so that the agent learns to choose among many."""

    tools: Annotated[tuple[Tool, ...], Field(min_length=1, max_length=64)]
    """The stock. A call of one that is shown is answered by its back end, and counted."""
    per_episode: Annotated[int, Field(ge=1)]
    """How many of them an episode is shown; all episodes of one group are shown the same."""
