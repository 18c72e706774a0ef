"""`python`: a function or coroutine of the user, called with the arguments by name.

A function that has a parameter `episode` gets the `Scope`, unless the tool declares an
argument of that name. What it returns is JSON. It refuses by raising `ToolError`; whatever
else it raises breaks the environment. Where it runs:

    a coroutine                              in the event loop; cancelled when it is late, and
                                             interrupted where it blocks (`preemption`)
    a plain function                         in a process of its own kind (`pool`); killed
    a plain function that takes `episode`    in a thread, as the episode's state is in this process;
                                             interrupted, but for a system call that hangs

So a plain function without `episode` shares no global with coroutines, nor for certain with its
own next call; what an episode changes belongs in its state or `episode.memory`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from mrlc.runtime.code import Misbehaved, load_callable
from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.errors import Refusal
from mrlc.runtime.environment.pool import RemoteFunction
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.timeout import in_thread
from mrlc.runtime.environment.worker import Failed, Refused, WorkerDied
from mrlc.runtime.errors import EnvironmentBroken, PlanFault
from mrlc.schemas.tools import Tool

_FITS = (
    "it is called with the tool's parameters by name; one with `required: false` may be left out "
    "and needs a default"
)


class LeftTheCall(Misbehaved):
    """The tool raised what would end the process (SystemExit) or garble a coroutine."""


class PythonTool:
    """The user's own code, in this process."""

    is_instant = False

    def __init__(self, function: Callable[..., Any], *, uses_episode: bool) -> None:
        self._function = function
        self._is_coroutine = inspect.iscoroutinefunction(function)
        self.uses_episode = uses_episode

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """Call the function, in the loop or in a thread."""
        given = {**arguments, "episode": scope} if self.uses_episode else arguments
        if not self._is_coroutine:
            call = partial(_call, self._function, given)
            return await in_thread(call, holding=scope.lease())
        try:
            return await self._function(**given)
        except SystemExit as error:
            raise LeftTheCall("raised SystemExit").with_traceback(error.__traceback__) from error


class ProcessTool:
    """A plain function of the user, in another process."""

    is_instant = (
        True  # it waits for a process without that its time runs, and keeps its limit itself
    )
    uses_episode = False

    def __init__(self, tool: Tool, site: Site) -> None:
        assert tool.python is not None
        self._function = RemoteFunction(tool.python, site.inputs)
        self._name = tool.name
        self._timeout_s = site.timeout_s

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """Call the function."""
        return await self._ended(self._function(named=arguments, timeout_s=self._timeout_s))

    async def sabotaged(self, how: str) -> Any:
        """Call what hangs, crashes its process or returns garbage in the function's place."""
        return await self._ended(self._function.sabotaged(how, timeout_s=self._timeout_s))

    async def _ended(self, call: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await call
        except Refused as refused:
            raise Refusal(refused.reply) from None
        except (Failed, WorkerDied) as error:
            raise EnvironmentBroken(self._name, str(error)) from None


@BACK_ENDS.register("python")
def build(tool: Tool, site: Site) -> PythonTool | ProcessTool:
    """The back end of a tool in Python.

    Raises:
        PlanFault: the function cannot be loaded, or does not fit the tool.
    """
    assert tool.python is not None
    path = f"{site.path}.python"
    function = load_callable(tool.python, site.inputs, path=path)
    uses_episode = _takes_episode(function, tool, path)
    if inspect.iscoroutinefunction(function) or uses_episode or not site.has_workers:
        return PythonTool(function, uses_episode=uses_episode)
    return ProcessTool(tool, site)


def _call(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    try:
        return function(**arguments)
    except (SystemExit, StopIteration) as error:
        left = LeftTheCall(f"raised {type(error).__name__}")
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
            message = f"the function does not fit the parameters: {error}"
            raise PlanFault(path, message, help=_FITS) from error
    return takes
