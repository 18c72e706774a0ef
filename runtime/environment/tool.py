"""A tool of a running environment: from a call's arguments to a reply.

The one place that says whose fault a failure is. The model's (bad arguments) and the
tool's own (`ToolError`) are replies. A time-out, a crash, a result that is not JSON is
the environment's: `EnvironmentBroken`, after such attempts as `Retry` allows.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mrlc.runtime.code import blame
from mrlc.runtime.environment.back_ends import BACK_ENDS, BackEnd, Site
from mrlc.runtime.environment.chaos import Faulty
from mrlc.runtime.environment.database import error_code
from mrlc.runtime.environment.errors import ToolError
from mrlc.runtime.environment.guards import Guards
from mrlc.runtime.environment.history import Call
from mrlc.runtime.environment.result import Reply, fill, render
from mrlc.runtime.environment.retry import NO_RETRY, Retry
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.signature import InvalidArguments, Signature
from mrlc.runtime.environment.timeout import TimedOut, within
from mrlc.runtime.environment.volatile import masked
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.schemas.tools import Tool


def bind_tool(
    tool: Tool, site: Site, *, timeout_s: float, retry: Retry = NO_RETRY, chaos: bool = False
) -> BoundTool:
    """Build the tool's back end; with `chaos`, one that fails as the episode's stream says.

    Raises:
        PlanFault: what the tool names cannot be used.
    """
    build = next(
        build for kind, build in BACK_ENDS.kinds.items() if getattr(tool, kind) is not None
    )
    signature, back_end = Signature(tool), build(tool, site)
    if chaos:
        back_end = Faulty(back_end, timeout_s=timeout_s)
    guards = Guards.of(tool, site.path)
    return BoundTool(
        tool.name,
        tool.ends_episode,
        tool.invalid,
        signature,
        back_end,
        timeout_s,
        guards,
        tool.volatile,
        NO_RETRY if back_end.uses_episode else retry,
    )


@dataclass(frozen=True)
class BoundTool:
    """A declared tool with its back end; holds no state of any episode."""

    name: str
    ends_episode: bool
    invalid: Any
    signature: Signature
    back_end: BackEnd
    timeout_s: float
    guards: Guards | None = None
    volatile: tuple[str, ...] = ()
    retry: Retry = NO_RETRY

    async def answer(self, arguments: Mapping[str, Any] | None, scope: Scope, call: Call) -> Reply:
        """Check the arguments and the guards, call the back end, render what it returns."""
        try:
            bound = self.signature.bind(arguments)
        except InvalidArguments as error:
            return Reply(render(fill(self.invalid, "reason", str(error))), is_error=True)
        if self.guards is not None:
            refused = await self.guards.refuse(bound, scope, call)
            if refused is not None:
                return refused
        try:
            return await self._attempts(bound, scope, call)
        except ToolError as error:
            return Reply(render(error.reply), is_error=True)

    async def _attempts(self, arguments: dict[str, Any], scope: Scope, call: Call) -> Reply:
        """The reply of the first attempt under which nothing breaks."""
        for wait_s in self.retry.waits():
            try:
                return await self._attempt(arguments, scope, call)
            except EnvironmentBroken:
                await asyncio.sleep(wait_s)
        return await self._attempt(arguments, scope, call)

    async def _attempt(self, arguments: dict[str, Any], scope: Scope, call: Call) -> Reply:
        try:
            return self._reply(await self._call(arguments, scope), scope, call)
        except (ToolError, EnvironmentBroken):
            raise
        except Exception as error:  # a back end runs code that is not ours
            raise EnvironmentBroken(self.name, self._cause(error)) from error

    def _reply(self, value: Any, scope: Scope, call: Call) -> Reply:
        """What the back end gave as a reply; it may be one already."""
        reply = value if isinstance(value, Reply) else None
        if reply is not None and (reply.is_error or not self.volatile):
            return reply
        shown = value if reply is None else reply.text
        return Reply(render(masked(shown, self.volatile, seed=scope.seed, call=call.index)))

    def _cause(self, error: Exception) -> str:
        if isinstance(error, TimedOut) or error_code(error) == sqlite3.SQLITE_INTERRUPT:
            return f"took longer than {self.timeout_s:g} s"
        return blame(error)

    async def _call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        if not self.back_end.uses_episode:
            return await self._timed(arguments, scope)
        async with scope.order:
            scope.deadline = time.monotonic() + self.timeout_s
            return await self._timed(arguments, scope)

    async def _timed(self, arguments: dict[str, Any], scope: Scope) -> Any:
        call = self.back_end.call(arguments, scope)
        return await (call if self.back_end.is_instant else within(self.timeout_s, call))
