"""The environment of an experiment: built once, immutable, shared by all its episodes."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.code import blame
from mrlc.runtime.endpoint import Endpoints
from mrlc.runtime.environment.back_ends import Site
from mrlc.runtime.environment.back_ends.execute import CodeTool
from mrlc.runtime.environment.chaos import Chaos, InjectedCrash, plain
from mrlc.runtime.environment.database import Database
from mrlc.runtime.environment.episode import Episode
from mrlc.runtime.environment.presentation import Presentation
from mrlc.runtime.environment.probes import Probes
from mrlc.runtime.environment.prompts import Prompts
from mrlc.runtime.environment.retry import Retry
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.seed_folder import SeedFolder
from mrlc.runtime.environment.tool import BoundTool, bind_tool
from mrlc.runtime.environment.users import Dialogue, SimulatedUser, Talk, load_user
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.runtime.task import Task
from mrlc.schemas import Experiment


@dataclass(frozen=True)
class Environment:
    """What is common to all episodes: templates, look-up tables, states as first seeded."""

    tools: tuple[dict[str, Any], ...]
    """The tools as chat templates spell them, in declared order, distractors last."""
    _prompts: Prompts
    _databases: Mapping[str, Database]
    _folders: Mapping[str, SeedFolder]
    _probes: Probes
    _bound: Mapping[str, BoundTool]
    _presentation: Presentation
    user: SimulatedUser | None = None
    """Who replies to a turn without an action, if anybody does."""
    chaos: float = 0.0
    """Share of tool calls that are made to fail."""

    @classmethod
    def load(
        cls,
        experiment: Experiment,
        inputs: Path,
        *,
        endpoints: Endpoints | None = None,
        has_workers: bool = True,
        chaos: float = 0.0,
    ) -> Environment:
        """Build it from a plan's experiment, whose paths are relative to `inputs`.

        `endpoints` are the run's; without them, nothing that a model is asked is kept. With
        `has_workers` the user's blocking functions run in other processes. `chaos` is the share of
        calls that are made to fail: a run's alone, so that nothing else measures it by accident.

        Raises:
            PlanFault: a fixture, a statement or the user's code cannot be used.
        """
        spec, rollout = experiment.environment, experiment.rollout
        timeout_s = experiment.turns.tool_timeout_s
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
        tools = dict(spec.every_tool())
        bound = {
            tool.name: bind_tool(
                tool,
                Site(inputs, path, databases, timeout_s, has_workers),
                timeout_s=timeout_s,
                retry=Retry(rollout.retries, rollout.retry_backoff_s),
                chaos=chaos > 0,
            )
            for path, tool in tools.items()
        }
        schemas = tuple(tool.json_schema for tool in tools.values())
        prompts = Prompts(spec.system, spec.prompt)
        user = load_user(experiment, inputs, endpoints or Endpoints(), has_workers=has_workers)
        shown = Presentation(spec)
        return cls(schemas, prompts, databases, folders, probes, bound, shown, user, chaos)

    @property
    def tiers(self) -> dict[str, str]:
        """tool → what keeps the model's code in, on this machine."""
        tools = {name: plain(tool.back_end) for name, tool in self._bound.items()}
        return {name: tool.tier for name, tool in tools.items() if isinstance(tool, CodeTool)}

    def messages(self, task: Task) -> list[Mapping[str, Any]]:
        """The messages that open an episode: the system's, unless it is empty, and the user's.

        Raises:
            PlanFault: a template cannot be rendered for this task.
        """
        return self._prompts.messages(task)

    def _texts(self, task: Task) -> list[str]:
        """What the opening messages say."""
        return [str(message["content"]) for message in self.messages(task)]

    def shown(self, task: Task, presentation: int = 0) -> tuple[str, ...]:
        """The names of the tools that episodes of `task` are shown, in order.

        `presentation` is a seed; 0 is the task's own, the same in every run.
        """
        return self._presentation.names(task, presentation)

    @asynccontextmanager
    async def open(
        self, task: Task, *, seed: int, shown: Sequence[str] | None = None
    ) -> AsyncIterator[Episode]:
        """An episode of `task` with state of its own; `seed` feeds its random streams.

        It knows the tools that it is shown, left out: those of the task's own presentation.

        Raises:
            EnvironmentBroken: its state cannot be made, such as for want of room on a disk.
        """
        names = self.shown(task) if shown is None else shown
        tools = {name: self._bound[name] for name in names}
        scope = Scope(task, seed=seed, opening=lambda: self._texts(task))
        try:
            self._fill(scope)
            talk, distractors = self._talk(task, seed), self._presentation.distractors
            yield Episode(tools, scope, self._probes, talk, distractors=distractors)
        finally:
            scope.close()

    def _fill(self, scope: Scope) -> None:
        """Give an episode its state."""
        if self.chaos:
            scope.chaos = Chaos(self.chaos, seed=scope.seed)
            if scope.chaos.refuses_to_open():
                raise EnvironmentBroken("environment", InjectedCrash.__name__)
        try:
            for name, database in self._databases.items():
                scope.state[name] = database.open(scope)
            for name, folder in self._folders.items():
                scope.folders[name] = folder.open()
        except (OSError, MemoryError, sqlite3.Error) as error:
            raise EnvironmentBroken("environment", blame(error)) from error

    def _talk(self, task: Task, seed: int) -> Talk | None:
        """The conversation of an episode, where somebody takes part in it."""
        if self.user is None:
            return None
        opening = str(self.messages(task)[-1]["content"])
        return Talk(self.user, Dialogue(task, seed, [opening]))
