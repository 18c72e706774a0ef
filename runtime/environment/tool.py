"""A tool of a running environment: from a call's arguments to a reply.

The one place that says whose fault a failure is. The model's (bad arguments) and the
tool's own (`ToolError`) are replies. A time-out, a crash, a result that is not JSON is
the environment's: `EnvironmentBroken`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mrlc.runtime.code import blame
from mrlc.runtime.environment.back_ends import BACK_ENDS, BackEnd, Site
from mrlc.runtime.environment.database import error_code
from mrlc.runtime.environment.errors import ToolError
from mrlc.runtime.environment.result import Reply, render
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.signature import InvalidArguments, Signature
from mrlc.runtime.environment.timeout import TimedOut, within
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.schemas.tools import Tool


def bind_tool(tool: Tool, site: Site, *, timeout_s: float) -> BoundTool:
    """Build the tool's back end.

    Raises:
        PlanFault: what the tool names cannot be used.
    """
    build = next(
        build for kind, build in BACK_ENDS.kinds.items() if getattr(tool, kind) is not None
    )
    signature, back_end = Signature(tool), build(tool, site)
    return BoundTool(tool.name, tool.ends_episode, tool.invalid, signature, back_end, timeout_s)


@dataclass(frozen=True)
class BoundTool:
    """A declared tool with its back end; holds no state of any episode."""

    name: str
    ends_episode: bool
    invalid: Any
    signature: Signature
    back_end: BackEnd
    timeout_s: float

    async def answer(self, arguments: Mapping[str, Any] | None, scope: Scope) -> Reply:
        """Check the arguments, call the back end, render what it returns."""
        try:
            bound = self.signature.bind(arguments)
        except InvalidArguments as error:
            return Reply(render(_fill(self.invalid, str(error))), is_error=True)
        try:
            return Reply(render(await self._call(bound, scope)))
        except ToolError as error:
            return Reply(render(error.reply), is_error=True)
        except EnvironmentBroken:
            raise
        except Exception as error:  # a back end runs code that is not ours
            raise EnvironmentBroken(self.name, self._cause(error)) from error

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


def _fill(value: Any, reason: str) -> Any:
    """`value` with `{reason}` filled in, in every string of it."""
    if isinstance(value, str):
        return value.replace("{reason}", reason)
    if isinstance(value, dict):
        return {key: _fill(one, reason) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_fill(one, reason) for one in value]
    return value
