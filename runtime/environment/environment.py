"""The environment of an experiment: built once, immutable, shared by all its episodes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.environment.back_ends import Site
from mrlc.runtime.environment.back_ends.execute import CodeTool
from mrlc.runtime.environment.database import Database
from mrlc.runtime.environment.episode import Episode
from mrlc.runtime.environment.prompts import Prompts
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.tool import BoundTool, bind_tool
from mrlc.runtime.task import Task
from mrlc.schemas import Experiment


@dataclass(frozen=True)
class Environment:
    """What is common to all episodes: templates, look-up tables, databases as first seeded."""

    tools: tuple[dict[str, Any], ...]
    """The tools as chat templates spell them, in declared order."""
    _prompts: Prompts
    _databases: Mapping[str, Database]
    _bound: Mapping[str, BoundTool]

    @classmethod
    def load(cls, experiment: Experiment, inputs: Path) -> Environment:
        """Build it from a plan's experiment, whose paths are relative to `inputs`.

        Raises:
            PlanFault: a fixture, a statement or the user's code cannot be used.
        """
        spec, timeout_s = experiment.environment, experiment.turns.tool_timeout_s
        databases = {
            name: Database.load(inputs / state.sqlite, path=f"environment.state.{name}.sqlite")
            for name, state in spec.state.items()
        }
        bound = {
            tool.name: bind_tool(
                tool, Site(inputs, f"environment.tools.{index}", databases), timeout_s=timeout_s
            )
            for index, tool in enumerate(spec.tools)
        }
        schemas = tuple(tool.json_schema for tool in spec.tools)
        return cls(schemas, Prompts(spec.system, spec.prompt), databases, bound)

    @property
    def tiers(self) -> dict[str, str]:
        """tool → what keeps the model's code in, on this machine."""
        tools = self._bound.values()
        return {t.name: t.back_end.tier for t in tools if isinstance(t.back_end, CodeTool)}

    def messages(self, task: Task) -> list[Mapping[str, Any]]:
        """The messages that open an episode: the system's, unless it is empty, and the user's.

        Raises:
            PlanFault: a template cannot be rendered for this task.
        """
        return self._prompts.messages(task)

    @asynccontextmanager
    async def open(self, task: Task, *, seed: int) -> AsyncIterator[Episode]:
        """An episode of `task` with state of its own; `seed` feeds its random streams."""
        scope = Scope(task, seed=seed)
        try:
            for name, database in self._databases.items():
                scope.state[name] = database.open(scope)
            yield Episode(self._bound, scope)
        finally:
            scope.close()
