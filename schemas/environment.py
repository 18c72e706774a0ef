"""What the agent acts in: prompts, state, tools and the answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mrlc.schemas.answer import Answer
from mrlc.schemas.final import Probe
from mrlc.schemas.section import ExportFile, Identifier, Prompt, Section
from mrlc.schemas.state import State
from mrlc.schemas.tools import Tool


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
    tools: Annotated[tuple[Tool, ...], Field(max_length=64)] = ()
    """What the agent may call, in the order that the model is told."""
    answer: Answer = Answer()
    production: ExportFile | None = None
    """The tools that ship, exported: a list of JSON Schemas, OpenAPI, MCP or Bedrock. They must fit."""
