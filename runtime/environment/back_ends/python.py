"""`python`: a function or coroutine of the user, called with the arguments by name.

A function that has a parameter `episode` gets the `Scope`, unless the tool declares an
argument of that name. What it returns is JSON. It refuses by raising `ToolError`; whatever
else it raises breaks the environment. A plain function runs in a thread of its own, so
that it can be timed out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from mrlc.runtime.code import load_callable
from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.timeout import in_thread
from mrlc.runtime.errors import PlanFault
from mrlc.schemas.tools import Tool


class LeftTheCall(Exception):
    """The tool raised what would end the process (SystemExit) or garble a coroutine."""


@BACK_ENDS.register("python")
class PythonTool:
    """The user's own code."""

    is_instant = False

    def __init__(self, tool: Tool, site: Site) -> None:
        assert tool.python is not None
        path = f"{site.path}.python"
        self._function = load_callable(tool.python, site.inputs, path=path)
        self._is_coroutine = inspect.iscoroutinefunction(self._function)
        self.uses_episode = _takes_episode(self._function, tool, path)

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """Call the function, in the loop or in a thread."""
        given = {**arguments, "episode": scope} if self.uses_episode else arguments
        if not self._is_coroutine:
            return await in_thread(lambda: _call(self._function, given, scope))
        try:
            return await self._function(**given)
        except SystemExit as error:
            raise LeftTheCall("SystemExit").with_traceback(error.__traceback__) from error


def _call(function: Callable[..., Any], arguments: dict[str, Any], scope: Scope) -> Any:
    with scope.lease():
        try:
            return function(**arguments)
        except (SystemExit, StopIteration) as error:
            left = LeftTheCall(type(error).__name__)
            raise left.with_traceback(error.__traceback__) from error


def _takes_episode(function: Callable[..., Any], tool: Tool, path: str) -> bool:
    """Whether it wants the scope.

    Raises:
        PlanFault: the function cannot be called with the tool's arguments.
    """
    signature = inspect.signature(function)
    takes = "episode" in signature.parameters and "episode" not in tool.parameters
    episode = {"episode": None} if takes else {}
    required = [name for name, one in tool.parameters.items() if one.required]
    for names in (tool.parameters, required):
        try:
            signature.bind(**dict.fromkeys(names), **episode)
        except TypeError as error:
            raise PlanFault(path, f"the function does not fit the parameters: {error}") from error
    return takes
