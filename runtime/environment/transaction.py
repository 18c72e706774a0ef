"""Statements on an episode's database that happen together or not at all.

They run in one savepoint. Whatever ends them before the last one is through (a requirement
that does not hold, a constraint, the deadline) takes everything back, so that the database is
byte for byte what it was. A step sees the arguments and, by name, the columns of the first row
of each step before it; of two of one name, the later one.
"""

from __future__ import annotations

import math
import operator
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mrlc.runtime.environment.constraint import words
from mrlc.runtime.environment.database import error_code
from mrlc.runtime.environment.errors import Refusal, ToolError
from mrlc.runtime.environment.scope import Scope

PLACEHOLDER = re.compile(r":(\w+)")

_OF_THE_VALUES = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_TOOBIG,
    }
)
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True)
class Requirement:
    """What must hold of the rows that a step gives or changes."""

    comparison: str
    number: int

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """From the spec's own words, `rows >= 1`."""
        _, comparison, number = text.split()
        return cls(comparison, int(number))

    def holds(self, count: int) -> bool:
        """Whether so many rows will do."""
        return _COMPARISONS[self.comparison](count, self.number)


@dataclass(frozen=True)
class Statement:
    """One step, ready to run."""

    text: str
    is_read: bool
    require: Requirement | None = None
    otherwise: Any = None
    """The reply when `require` does not hold."""


@dataclass(frozen=True)
class Outcome:
    """What the steps did."""

    rows: list[dict[str, Any]]
    """Of the last step."""
    changes: int
    """Rows changed, by all steps."""
    values: Mapping[str, Any]
    """Arguments and columns, as a further step would see them."""


def run(
    statements: Sequence[Statement], scope: Scope, state: str, given: Mapping[str, Any], most: int
) -> Outcome:
    """Run all statements, keeping at most so many rows of each.

    Raises:
        ToolError: the values were refused, or a requirement did not hold; nothing has happened.
        sqlite3.Error: the environment is broken; nothing has happened either.
    """
    values, rows, changes = dict(given), list[dict[str, Any]](), 0
    with refusing(), _together(scope, scope.state[state]) as connection:
        for one in statements:
            rows, changed = _step(connection, one, values, most)
            changes += changed
            if one.require and not one.require.holds(len(rows) if one.is_read else changed):
                raise Refusal(one.otherwise)
    return Outcome(rows[:most], changes, values)


@contextmanager
def refusing() -> Iterator[None]:
    """Turns what the values of an episode are to blame for into the tool's own error."""
    try:
        yield
    except (OverflowError, UnicodeError) as error:  # what SQLite has no type for
        raise ToolError(str(error)) from None
    except sqlite3.Error as error:
        if error_code(error) in _OF_THE_VALUES:
            raise ToolError(words(error)) from None
        raise


@contextmanager
def _together(scope: Scope, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("SAVEPOINT call")
    try:
        yield connection
        connection.execute("RELEASE call")  # where a deferred foreign key is looked at
    except BaseException:
        scope.deadline = math.inf  # or going back would be interrupted too
        if connection.in_transaction:  # an interrupted write, or RAISE(ROLLBACK), has ended it
            connection.execute("ROLLBACK TO call")
            connection.execute("RELEASE call")
        raise


def _step(
    connection: sqlite3.Connection, one: Statement, values: dict[str, Any], most: int
) -> tuple[list[dict[str, Any]], int]:
    """The rows of a step and how many it changed; its columns are entered in `values`."""
    cursor = connection.execute(one.text, values)
    names = [column[0] for column in cursor.description or ()]
    counted = most if one.require is None else max(most, one.require.number + 1)
    # A write is run to its end: it makes its changes as its rows are fetched.
    found = cursor.fetchmany(counted) if one.is_read else cursor.fetchall()
    cursor.close()  # a statement left half read would hold a lock on its tables
    rows = [dict(zip(names, map(_value, row), strict=True)) for row in found]
    values.update(rows[0] if rows else dict.fromkeys(names))
    # Not `rowcount`: that is -1 where the statement starts with WITH.
    changed = 0 if one.is_read else connection.execute("SELECT changes()").fetchone()[0]
    return rows, changed


def _value(value: Any) -> Any:
    """A value of SQLite's, which may be no number that JSON has.

    Raises:
        ToolError: it is infinite.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ToolError("a number is out of range")
    return value
