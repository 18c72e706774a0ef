"""What is read of an episode's state when it is over: JSON values, by the name of the probe.

A value is bounded: one that is too large becomes `{"too_large": what}`, which equals no
expected value. So does what the episode's own values make impossible to read (`{"refused": why}`):
it is the policy's doing, and an episode must not escape its score by it. Whatever else fails
breaks the environment.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from mrlc.runtime.environment.database import READS, Database
from mrlc.runtime.environment.errors import ToolError
from mrlc.runtime.environment.folder import Folder
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.transaction import PLACEHOLDER, refusing
from mrlc.runtime.errors import EnvironmentBroken, PlanFault
from mrlc.runtime.json_values import dumps
from mrlc.schemas.final import Probe
from mrlc.schemas.state import MAX_BYTES

MAX_ROWS = 1000


class Probes:
    """The probes of an environment."""

    def __init__(
        self, declared: Mapping[str, Probe], databases: Mapping[str, Database], *, timeout_s: float
    ) -> None:
        """Check the statements.

        Raises:
            PlanFault: one cannot be prepared, or writes.
        """
        self._probes = declared
        self._timeout_s = timeout_s
        for name, probe in declared.items():
            if probe.read is not None:
                _check(probe.read, databases[probe.state], f"environment.final.{name}.read")

    async def read(self, scope: Scope) -> dict[str, Any]:
        """The value of each probe, after all calls that touch the episode.

        Raises:
            EnvironmentBroken: a state cannot be read any more.
        """
        async with scope.order:
            return {name: self._read(name, probe, scope) for name, probe in self._probes.items()}

    def _read(self, name: str, probe: Probe, scope: Scope) -> Any:
        scope.deadline = time.monotonic() + self._timeout_s
        try:
            with refusing():
                value = _files(probe, scope) if probe.read is None else _rows(probe, scope)
        except ToolError as error:
            return {"refused": str(error)}
        except (OSError, sqlite3.Error) as error:
            raise EnvironmentBroken(f"final.{name}", type(error).__name__) from error
        size = len(dumps(value))
        return value if size <= MAX_BYTES else {"too_large": f"more than {MAX_BYTES:,} bytes"}


def _rows(probe: Probe, scope: Scope) -> Any:
    assert probe.read is not None
    names = set(PLACEHOLDER.findall(probe.read))
    given = {name: _bound(scope.task.get(name)) for name in names}
    cursor = scope.state[probe.state].execute(probe.read, given)
    found = cursor.fetchmany(1 if probe.single else MAX_ROWS + 1)
    columns = [column[0] for column in cursor.description]
    cursor.close()
    if len(found) > MAX_ROWS:
        return {"too_large": f"more than {MAX_ROWS} rows"}
    rows = [dict(zip(columns, map(_json, row), strict=True)) for row in found]
    if probe.single:
        return rows[0] if rows else None
    return rows


def _files(probe: Probe, scope: Scope) -> dict[str, str]:
    folder = Folder(scope.folders[probe.state])
    wanted = [one for one in folder.files() if fnmatchcase(one, probe.read_files or "")]
    # A name that the user's code gave may be no text.
    return {one.encode(errors="replace").decode(): _text(folder.path / one) for one in wanted}


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1).decode(errors="replace")


def _json(value: Any) -> Any:
    """A value of SQLite's in JSON, where it has no word for infinity and for bytes."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.hex() if isinstance(value, bytes) else value


def _bound(value: Any) -> Any:
    """A column of the task as SQL takes it: arrays and objects are JSON text."""
    return dumps(value) if isinstance(value, list | dict) else value


def _check(statement: str, database: Database, path: str) -> None:
    try:
        actions = database.actions(statement, PLACEHOLDER.findall(statement))
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise PlanFault(path, f"the statement cannot be prepared: {error}") from error
    if not actions <= READS:
        raise PlanFault(path, "the statement is no SELECT")
