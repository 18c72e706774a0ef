"""`compute`: a decision table, formulas, or both: a pure function of the arguments and the task.

The table decides first, and its outcome's names are known to the formulas; each formula knows the
results above it. A formula without a value for these arguments is the tool's own refusal.
"""

from __future__ import annotations

from typing import Any

from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.decisions import Decisions
from mrlc.runtime.environment.errors import ToolError
from mrlc.runtime.environment.formulas import NoValue, evaluate
from mrlc.runtime.environment.guards import names_of, parsed
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.errors import PlanFault
from mrlc.schemas.tools import Tool


@BACK_ENDS.register("compute")
class ComputeTool:
    """Formulas and a table; it takes microseconds, as both are bounded."""

    is_instant = True
    uses_episode = False  # it reads the task's row, which no call changes

    def __init__(self, tool: Tool, site: Site) -> None:
        compute = tool.compute
        assert compute is not None
        path = f"{site.path}.compute"
        self._tool = tool
        self._formulas = {
            name: parsed(source, f"{path}.returns.{name}")
            for name, source in (compute.returns or {}).items()
        }
        self._table = None
        if compute.table is not None:
            try:
                self._table = Decisions(tool, compute.table, site.inputs)
            except (OSError, ValueError) as error:
                raise PlanFault(f"{path}.table", str(error)) from error

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """The outcome of the table, or the values of the formulas."""
        decided = {}
        if self._table is not None:
            outcome = self._table.outcome(arguments)
            if outcome is None:
                raise ToolError("no rule covers these arguments")
            decided = dict(outcome)
        if not self._formulas:
            return decided
        names = {**names_of(self._tool, arguments, scope), **decided}
        results: dict[str, Any] = {}
        for name, formula in self._formulas.items():
            try:
                results[name] = names[name] = evaluate(formula, names)
            except NoValue as error:
                raise ToolError(f"no value for {name}: {error}") from None
        return results
