"""What the agent acts in: prompts, state, tools and the answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mrlc.schemas.answer import Answer
from mrlc.schemas.section import ExportFile, Identifier, Prompt, Section, SqlFile
from mrlc.schemas.tools import Tool
from mrlc.schemas.user import User


class State(Section):
    """State of one episode, made afresh from its seed and thrown away at the end."""

    sqlite: SqlFile
    """Statements that build the database."""


class Environment(Section):
    """The world of one episode."""

    system: Prompt = ""
    """System message; may use the task's columns as `{{ task.column }}`."""
    prompt: Prompt
    """First user message, rendered for each task."""
    state: dict[Identifier, State] = {}
    """name → a database that tools read and write, made afresh for every episode."""
    tools: Annotated[tuple[Tool, ...], Field(max_length=64)] = ()
    """What the agent may call, in the order that the model is told."""
    user: User | None = None
    """Who replies when the agent neither acts nor answers; left out: such a turn ends the episode."""
    answer: Answer = Answer()
    production: ExportFile | None = None
    """The tools that ship, exported: a list of JSON Schemas, OpenAPI, MCP or Bedrock. They must fit."""
