"""`execute`: code of the model, run in a sandbox.

What the code wrote is the result. Its own failure and a limit are refusals, text for the
model; a sandbox that fails breaks the environment. Calls wait for a free place without that
their time runs. Each has a random stream of its own, by the episode's seed and the number
of the call.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from mrlc.runtime.environment import model_sql
from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.database import guard
from mrlc.runtime.environment.errors import ToolError
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.sandbox import wardens
from mrlc.runtime.sandbox.outcome import Limits, Outcome, SandboxBroken
from mrlc.runtime.sandbox.tiers import open_engine
from mrlc.runtime.sandbox.wardens import places
from mrlc.runtime.seeds import derive_seed
from mrlc.schemas.tools import Tool


class CodeTool:
    """What both kinds have in common: their code, their threads, their replies."""

    tier: str
    """What keeps the code in, for the run's record."""
    is_instant = True  # a limit is the sandbox's to keep, and no time-out of the environment

    def __init__(self, tool: Tool, site: Site) -> None:
        assert tool.execute is not None
        argument = tool.execute.code_argument(tool.parameters)
        if argument is None:
            raise PlanFault(f"{site.path}.execute", "no parameter holds the code")
        self._argument = argument

    async def _result(self, run: Callable[[], Outcome]) -> str:
        outcome = await asyncio.wrap_future(_threads(os.getpid()).submit(run))
        if outcome.state == "ok":
            return outcome.text
        raise ToolError(outcome.text)


class ExecuteTool(CodeTool):
    """Python, arithmetic or a shell; each call starts afresh."""

    uses_episode = False

    def __init__(self, tool: Tool, site: Site) -> None:
        super().__init__(tool, site)
        assert tool.execute is not None
        self._engine = open_engine(tool.execute, path=f"{site.path}.execute")
        self.tier = self._engine.tier

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """Run the code."""
        scope.executed += 1
        seed = derive_seed(scope.seed, "execute", scope.executed)
        code = arguments.get(self._argument) or ""
        return await self._result(lambda: self._engine.run(code, seed=seed))


class SqlCode(CodeTool):
    """A statement of the model on a database of the episode."""

    uses_episode = True
    tier = model_sql.TIER

    def __init__(self, tool: Tool, site: Site) -> None:
        super().__init__(tool, site)
        assert tool.execute is not None
        assert tool.execute.state is not None
        self._state, self._limits = tool.execute.state, Limits.of(tool.execute)
        if self._state not in site.databases:
            raise PlanFault(f"{site.path}.execute.state", f"there is no state `{self._state}`")

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """Run the statement."""
        code = arguments.get(self._argument) or ""
        return await self._result(lambda: self._run(code, scope))

    def _run(self, code: str, scope: Scope) -> Outcome:
        with scope.lease():  # the episode may be cancelled, but not its database under us
            connection = scope.state[self._state]
            try:
                return model_sql.run(connection, code, self._limits)
            finally:
                guard(connection, scope)


@BACK_ENDS.register("execute")
def build(tool: Tool, site: Site) -> ExecuteTool | SqlCode:
    """The back end of a tool that executes.

    Raises:
        PlanFault: its code cannot be isolated on this machine.
    """
    assert tool.execute is not None
    is_sql = tool.execute.language == "sql"
    try:
        return SqlCode(tool, site) if is_sql else ExecuteTool(tool, site)
    except SandboxBroken as error:
        raise PlanFault(f"{site.path}.execute", str(error)) from error


@cache
def _threads(_process: int) -> ThreadPoolExecutor:
    """As many as calls run at a time; a fork of the process gets its own."""
    return ThreadPoolExecutor(places(), "mrlc-execute")


def close() -> None:
    """End what the calls of all episodes share, threads and workers; it is started again when needed."""
    _threads(os.getpid()).shutdown()
    _threads.cache_clear()
    wardens.close()
    if (monty := sys.modules.get("mrlc.runtime.sandbox.monty")) is not None:  # an extra
        monty.close()
