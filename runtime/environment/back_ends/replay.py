"""`replay`: a look-up in recorded rows, indexed once and answered by one dict access.

The first row whose columns equal the arguments answers. A CSV column has no type of its
own: matched, it is read as the type of its argument, unless `types` says otherwise, so
that an integer 7 finds `7` and `007`. JSONL values keep their types: there 7 does not find
"7". Equality is JSON's: 7 is 7.0, and true is not 1. An argument left out matches null.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.result import render
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.rows import Row, read_rows
from mrlc.schemas.tools import Replay, Tool

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}

Key = tuple[Any, ...]


@BACK_ENDS.register("replay")
class ReplayTool:
    """Recorded responses; a call is a pure function of its arguments."""

    is_instant = True
    uses_episode = False

    def __init__(self, tool: Tool, site: Site) -> None:
        replay = tool.replay
        assert replay is not None
        path = f"{site.path}.replay"
        try:
            rows = read_rows(site.inputs / replay.table)
            self._missing = render(replay.missing)
            self._arguments = tuple(replay.match)
            self._results = _index(rows, tool, replay)
        except (OSError, ValueError) as error:
            raise PlanFault(f"{path}.table", f"{replay.table}: {error}") from error

    async def call(self, arguments: dict[str, Any], scope: Scope) -> str:
        """The result's text, rendered when the table was read."""
        key = _key(arguments.get(name) for name in self._arguments)
        return self._results.get(key, self._missing)


def _index(rows: list[Row], tool: Tool, replay: Replay) -> dict[Key, str]:
    is_csv = replay.table.endswith(".csv")
    results: dict[Key, str] = {}
    for number, raw in enumerate(rows, 1):
        row, match = raw, [raw.get(column) for column in replay.match.values()]
        if is_csv:
            row = _typed(raw, number, replay)
            match = _match_values(raw, row, tool, replay)
        if any(isinstance(value, list | dict) for value in match):
            continue  # no argument is an array or an object
        results.setdefault(_key(match), render(_result(row, replay)))
    return results


def _key(values: Iterable[Any]) -> Key:
    """A tuple that hashes as JSON compares: Python holds True for 1, JSON does not."""
    return tuple([(value,) if isinstance(value, bool) else value for value in values])


def _result(row: Row, replay: Replay) -> Row:
    if replay.returns is not None:
        return {column: row.get(column) for column in replay.returns}
    matched = set(replay.match.values())
    return {column: value for column, value in row.items() if column not in matched}


def _match_values(raw: Row, row: Row, tool: Tool, replay: Replay) -> list[Any]:
    values = []
    for argument, column in replay.match.items():
        value = row.get(column)
        if value is not None and column not in replay.types and argument in tool.parameters:
            read = _read(raw[column], tool.parameters[argument].type)
            value = value if read is None else read
        values.append(value)
    return values


def _typed(raw: Row, number: int, replay: Replay) -> Row:
    """A CSV row with its nulls and the types that the spec gives.

    Raises:
        ValueError: a cell is not of its column's type.
    """
    row: Row = {}
    for column, cell in raw.items():
        kind = replay.types.get(column, "string")
        row[column] = None if cell is None or cell in replay.null_values else _read(cell, kind)
        if row[column] is None and cell is not None and cell not in replay.null_values:
            raise ValueError(f"row {number}: `{column}` is `{cell}`, which is no {kind}")
    return row


def _read(cell: str, kind: str) -> Any:
    """The cell as a value of this type, or None where it is none."""
    text = cell.strip()
    if kind == "string":
        return cell
    if kind == "boolean":
        return _BOOLEANS.get(text.lower())
    if _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return None
