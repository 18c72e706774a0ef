"""The environment of an experiment: built once, immutable, shared by all its episodes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.environment.back_ends import Site
from mrlc.runtime.environment.database import Database
from mrlc.runtime.environment.episode import Episode
from mrlc.runtime.environment.probes import Probes
from mrlc.runtime.environment.prompts import Prompts
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.seed_folder import SeedFolder
from mrlc.runtime.environment.tool import BoundTool, bind_tool
from mrlc.runtime.task import Task
from mrlc.schemas import Experiment


@dataclass(frozen=True)
class Environment:
    """What is common to all episodes: templates, look-up tables, states as first seeded."""

    tools: tuple[dict[str, Any], ...]
    """The tools as chat templates spell them, in declared order."""
    _prompts: Prompts
    _databases: Mapping[str, Database]
    _folders: Mapping[str, SeedFolder]
    _probes: Probes
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
            if state.sqlite is not None
        }
        folders = {
            name: SeedFolder.load(state.folder, inputs, path=f"environment.state.{name}.folder")
            for name, state in spec.state.items()
            if state.folder is not None
        }
        probes = Probes(spec.final, databases, timeout_s=timeout_s)
        bound = {
            tool.name: bind_tool(
                tool, Site(inputs, f"environment.tools.{index}", databases), timeout_s=timeout_s
            )
            for index, tool in enumerate(spec.tools)
        }
        schemas = tuple(tool.json_schema for tool in spec.tools)
        prompts = Prompts(spec.system, spec.prompt)
        return cls(schemas, prompts, databases, folders, probes, bound)

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
            for name, folder in self._folders.items():
                scope.folders[name] = folder.open()
            yield Episode(self._bound, scope, self._probes)
        finally:
            scope.close()
