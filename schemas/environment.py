"""What the agent acts in: prompts, state, tools and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from mrlc.schemas.answer import Answer
from mrlc.schemas.distractors import Distractors
from mrlc.schemas.final import Probe
from mrlc.schemas.section import ExportFile, Identifier, Prompt, Section
from mrlc.schemas.state import State
from mrlc.schemas.tools import Tool
from mrlc.schemas.user import User

MAX_TOOLS = 64
"""More fit no prompt that a model still reads with care."""


class Environment(Section):
    """The world of one episode."""

    system: Prompt = ""
    """System message; may use the task's columns as `{{ task.column }}`."""
    prompt: Prompt
    """First user message, rendered for each task."""
    state: dict[Identifier, State] = {}
    """name → a database or folder that tools read and write, made afresh for every episode."""
    final: dict[Identifier, Probe] = {}
    """name → what is read of the state after the last turn, for rewards and the scorer."""
    tools: Annotated[tuple[Tool, ...], Field(max_length=MAX_TOOLS)] = ()
    """What the agent may call, in the order that the model is told."""
    distractors: Distractors | None = None
    """Tools that the agent is shown besides and never needs; left out: none."""
    shuffle_tools: bool = False
    """Whether each task has an order of the tools of its own, so that no place in it is learnt."""
    user: User | None = None
    """Who replies when the agent neither acts nor answers; left out: such a turn ends the episode."""
    answer: Answer = Answer()
    production: ExportFile | None = None
    """The tools that ship, exported: a list of JSON Schemas, OpenAPI, MCP or Bedrock. They must fit."""

    def every_tool(self) -> Iterator[tuple[str, Tool]]:
        """The tools that any episode may be shown, distractors last, each with its path."""
        for index, tool in enumerate(self.tools):
            yield f"environment.tools.{index}", tool
        for index, tool in enumerate(self.distractors.tools if self.distractors else ()):
            yield f"environment.distractors.tools.{index}", tool
