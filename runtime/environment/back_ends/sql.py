"""`sql`: one statement on the episode's database, the arguments bound by name.

`read` gives the rows as objects, `write` gives `{"rows": n}`, the rows it changed.
Statements are prepared when the environment is loaded, so what fails in a call comes of
the model's values (a constraint, a trigger's RAISE, bad JSON) and is the tool's own
refusal. An argument left out is NULL; an array or object is its JSON text, for `json_each`.
"""

from __future__ import annotations

import math
import sqlite3
from typing import Any

from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.database import READS, WRITES, error_code
from mrlc.runtime.environment.errors import ToolError
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.json_values import dumps
from mrlc.schemas.tools import Sql, Tool

_OF_THE_VALUES = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_TOOBIG,
    }
)


@BACK_ENDS.register("sql")
class SqlTool:
    """A statement; it runs in the event loop, as it takes microseconds and has a deadline."""

    is_instant = True
    uses_episode = True

    def __init__(self, tool: Tool, site: Site) -> None:
        assert tool.sql is not None
        self._sql: Sql = tool.sql
        self._names = tuple(tool.parameters)
        _check(tool.sql, self._names, site)

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """Run the statement."""
        values = {name: _bindable(arguments.get(name)) for name in self._names}
        try:
            return self._run(scope.state[self._sql.state], values)
        except (OverflowError, UnicodeError) as error:  # what SQLite has no type for
            raise ToolError(str(error)) from None
        except sqlite3.Error as error:
            if error_code(error) in _OF_THE_VALUES:
                raise ToolError(str(error)) from None
            raise

    def _run(self, connection: sqlite3.Connection, values: dict[str, Any]) -> Any:
        if self._sql.read is not None:
            cursor = connection.execute(self._sql.read, values)
            names = [column[0] for column in cursor.description]
            found = cursor.fetchmany(self._sql.max_rows)
            cursor.close()  # a statement left half read would hold a lock on its tables
            return [dict(zip(names, map(_value, row), strict=True)) for row in found]
        assert self._sql.write is not None
        connection.execute(self._sql.write, values).fetchall()
        # Not `rowcount`: that is -1 where the statement starts with WITH.
        return {"rows": connection.execute("SELECT changes()").fetchone()[0]}


def _bindable(value: Any) -> Any:
    return dumps(value) if isinstance(value, list | dict) else value


def _value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ToolError("a number is out of range")
    return value


def _check(sql: Sql, names: tuple[str, ...], site: Site) -> None:
    """Prepare the statement, on the database as seeded."""
    kind, statement = ("read", sql.read) if sql.read is not None else ("write", sql.write)
    assert statement is not None
    path = f"{site.path}.sql.{kind}"
    try:
        actions = site.databases[sql.state].actions(statement, names)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise PlanFault(path, f"the statement cannot be prepared: {error}") from error
    if kind == "read" and not actions <= READS:
        raise PlanFault(path, "the statement is no SELECT", help="write it under `write`")
    if kind == "write" and not actions & WRITES:
        raise PlanFault(path, "the statement is no INSERT, UPDATE or DELETE")
