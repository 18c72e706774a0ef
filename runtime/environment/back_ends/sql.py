"""`sql`: statements on the episode's database, the arguments bound by name.

`read` gives the rows as objects, `write` gives `{"rows": n}`, the rows it changed. `steps` give
the object of `returns`, else the rows of the last step where it has some, else all rows changed.
Statements are prepared when the environment is loaded, so what fails in a call comes of
the model's values (a constraint, a trigger's RAISE, bad JSON) and is the tool's own
refusal; it leaves no trace in the database. An argument left out is NULL; an array or object is
its JSON text, for `json_each`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.database import READS, WRITES
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.transaction import PLACEHOLDER, Requirement, Statement, run
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.json_values import dumps
from mrlc.schemas.tools import Sql, Tool
from mrlc.schemas.transaction import Step


@BACK_ENDS.register("sql")
class SqlTool:
    """A transaction; it runs in the event loop, as it takes microseconds and has a deadline."""

    is_instant = True
    uses_episode = True

    def __init__(self, tool: Tool, site: Site) -> None:
        assert tool.sql is not None
        self._sql: Sql = tool.sql
        self._names = tuple(tool.parameters)
        self._statements = tuple(_statements(tool.sql, self._names, site))

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """Run the statements."""
        given = {name: _bindable(arguments.get(name)) for name in self._names}
        done = run(self._statements, scope, self._sql.state, given, self._sql.max_rows)
        if self._sql.returns is not None:
            return {name: done.values[name] for name in self._sql.returns}
        return done.rows if self._statements[-1].is_read else {"rows": done.changes}


def _bindable(value: Any) -> Any:
    return dumps(value) if isinstance(value, list | dict) else value


def _statements(sql: Sql, names: tuple[str, ...], site: Site) -> Iterator[Statement]:
    if sql.steps is None:
        yield _statement(sql, sql.state, names, f"{site.path}.sql", site)
    for index, step in enumerate(sql.steps or ()):
        # The columns of the steps before are known to the compiler, which has checked the names.
        known = (*names, *PLACEHOLDER.findall(step.read or step.write or ""))
        one = _statement(step, sql.state, known, f"{site.path}.sql.steps.{index}", site)
        require = None if step.require is None else Requirement.parse(step.require)
        yield Statement(one.text, one.is_read, require, step.else_)


def _statement(
    one: Sql | Step, state: str, names: tuple[str, ...], path: str, site: Site
) -> Statement:
    """Prepare a statement, on the database as seeded."""
    kind, text = ("read", one.read) if one.read is not None else ("write", one.write)
    assert text is not None
    path = f"{path}.{kind}"
    try:
        actions = site.databases[state].actions(text, names)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise PlanFault(path, f"the statement cannot be prepared: {error}") from error
    if kind == "read" and not actions <= READS:
        raise PlanFault(path, "the statement is no SELECT", help="write it under `write`")
    if kind == "write" and not actions & WRITES:
        raise PlanFault(path, "the statement is no INSERT, UPDATE or DELETE")
    return Statement(text, kind == "read")
