"""What stands before a tool: guards on its calls, and arguments that must have been shown.

Both look at what the episode has seen so far, and refuse in band: the reply is the one declared,
and the tool is not asked. A guard whose formula has no value does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrlc.runtime.environment.formulas import NoValue, evaluate
from mrlc.runtime.environment.history import Call, Past
from mrlc.runtime.environment.result import Reply, fill, render
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.errors import PlanFault
from mrlc.schemas.formula import BadFormula, Parsed, parse_formula
from mrlc.schemas.guards import Guard
from mrlc.schemas.tools import Tool


def parsed(source: str, path: str) -> Parsed:
    """A formula of the plan.

    Raises:
        PlanFault: it is none.
    """
    try:
        return parse_formula(source)
    except BadFormula as error:
        raise PlanFault(path, error.message) from error


def names_of(tool: Tool, arguments: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """What a formula of a tool may name; an argument left out is null."""
    given = {name: arguments.get(name) for name in tool.parameters}
    return {**given, "args": given, "task": scope.task}


class Guards:
    """The conditions on the calls of one tool."""

    def __init__(self, tool: Tool, path: str) -> None:
        self._tool = tool
        self._normalise = tool.replay.normalise if tool.replay is not None else ()
        self._guards = [
            (parsed(guard.unless, f"{path}.guards.{index}.unless"), _refused(guard))
            for index, guard in enumerate(tool.guards)
        ]

    @classmethod
    def of(cls, tool: Tool, path: str) -> Guards | None:
        """Those of a tool, if it has any."""
        return cls(tool, path) if tool.guards or tool.grounded else None

    async def refuse(self, arguments: Mapping[str, Any], scope: Scope, call: Call) -> Reply | None:
        """The reply of the first condition that does not hold; None where all hold."""
        past = await scope.history.before(call)
        return self._ungrounded(arguments, past) or self._guarded(arguments, scope, past)

    def _ungrounded(self, arguments: Mapping[str, Any], past: Past) -> Reply | None:
        for name in self._tool.grounded:
            if name in arguments and not past.shown(arguments[name], self._normalise):
                text = render(fill(self._tool.ungrounded, "argument", name))
                return Reply(text, is_error=True, is_refused=True)
        return None

    def _guarded(self, arguments: Mapping[str, Any], scope: Scope, past: Past) -> Reply | None:
        names = names_of(self._tool, arguments, scope)
        for formula, reply in self._guards:
            try:
                holds = bool(evaluate(formula, names, past))
            except NoValue:
                holds = False
            if not holds:
                return reply
        return None


def _refused(guard: Guard) -> Reply:
    return Reply(render(guard.reply), is_error=guard.is_error, is_refused=True)
