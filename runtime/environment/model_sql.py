"""`sql`: one statement of the model on the episode's database.

The database is guarded already (`mrlc.runtime.environment.database`). A statement that a model
wrote gets narrower bounds besides, on its steps, on the size of a value and of the database. Steps are counted before the clock is asked, so that a limit falls at
the same place on every machine.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mrlc.runtime.environment.database import READS, WRITES, error_code
from mrlc.runtime.json_values import dumps
from mrlc.runtime.sandbox.outcome import Limits, Outcome, failed, megabytes, ok, stopped

TIER = f"interpreter: sqlite {sqlite3.sqlite_version}"
MAX_ROWS = 100
STEPS_PER_SECOND = 10_000_000
"""Steps of SQLite's machine that a second of the limit stands for: a fifth of what it does."""
_STEPS_PER_CHECK = 10_000
_ALLOWED = READS | WRITES
_REFUSED = frozenset(
    {"load_extension", "randomblob", "current_timestamp", "current_date", "current_time"}
)
_NOW = re.compile(r"'now'|\b(?:date|time|datetime|julianday|unixepoch)\s*\(\s*\)", re.IGNORECASE)
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 100_000,  # instr() of two such texts takes a tenth of a second
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
}


def run(connection: sqlite3.Connection, code: str, limits: Limits) -> Outcome:
    """Run one statement; a failed one has changed nothing.

    Raises:
        sqlite3.Error: the database is broken, not the statement.
    """
    if _NOW.search(code):
        return failed("the time of day is not to be had here")
    watch = _Watch(limits.wall_s)
    try:
        with _narrowed(connection, limits, watch):
            return _rows(connection, code, limits)
    except sqlite3.Warning as error:  # two statements, in older versions
        return failed(str(error))
    except sqlite3.Error as error:
        return _told(error, limits)
    except (ValueError, OverflowError) as error:  # a null character, a lone surrogate
        return failed(str(error))


def _rows(connection: sqlite3.Connection, code: str, limits: Limits) -> Outcome:
    cursor = connection.execute(code)
    try:
        if cursor.description is None:
            cursor.fetchall()
            return ok(dumps({"rows": connection.execute("SELECT changes()").fetchone()[0]}))
        names = [column[0] for column in cursor.description]
        lines: list[str] = []
        size = 0
        for row in cursor:
            line = dumps(dict(zip(names, map(_value, row), strict=False)))
            size += len(line.encode(errors="replace"))
            if size > limits.output_bytes:
                return stopped(f"{limits.output_bytes} bytes of output", "\n".join(lines))
            if len(lines) == MAX_ROWS:
                return stopped(f"{MAX_ROWS} rows", "\n".join(lines))
            lines.append(line)
        return ok("[" + ", ".join(lines) + "]")
    finally:
        cursor.close()  # a statement left half read would hold a lock on its tables


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return None if value in (float("inf"), float("-inf")) else value


class _Watch:
    """SQLite's progress handler: stops at a number of steps, or at a time."""

    def __init__(self, wall_s: float) -> None:
        self._checks = max(1, int(wall_s * STEPS_PER_SECOND / _STEPS_PER_CHECK))
        self._deadline = time.monotonic() + wall_s

    def __call__(self) -> bool:
        self._checks -= 1
        return self._checks < 0 or time.monotonic() > self._deadline


@contextmanager
def _narrowed(connection: sqlite3.Connection, limits: Limits, watch: _Watch) -> Iterator[None]:
    """The narrower bounds, for one statement; the guard of the episode comes back after it."""
    before = {limit: connection.setlimit(limit, value) for limit, value in _LIMITS.items()}
    connection.set_authorizer(None)
    page = connection.execute("PRAGMA page_size").fetchone()[0]
    pages = connection.execute("PRAGMA max_page_count").fetchone()[0]
    room = max(1, min(pages, limits.memory_bytes // page))
    connection.execute(f"PRAGMA max_page_count = {room}")
    connection.set_authorizer(_authorize)
    connection.set_progress_handler(watch, _STEPS_PER_CHECK)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
        connection.set_authorizer(None)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        for limit, value in before.items():
            connection.setlimit(limit, value)


def _authorize(
    action: int, name: str | None, other: str | None, _database: str | None, _by: str | None
) -> int:
    """No transaction either: one that the model leaves open would be in the way of other tools."""
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if other in _REFUSED else sqlite3.SQLITE_OK
    is_search = action == sqlite3.SQLITE_PRAGMA and name == "data_version" and other is None
    return sqlite3.SQLITE_OK if action in _ALLOWED or is_search else sqlite3.SQLITE_DENY


def _told(error: sqlite3.Error, limits: Limits) -> Outcome:
    """What a failed statement says to the model."""
    code = error_code(error)
    if code == sqlite3.SQLITE_INTERRUPT:
        return stopped(f"{limits.wall_s:g} s")
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_NOMEM):
        return stopped(f"{megabytes(limits.memory_bytes)} of data")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR):
        raise error
    return failed(str(error))
