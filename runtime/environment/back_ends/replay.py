"""`replay`: a look-up in recorded rows, indexed once and answered by one dict access.

The first row whose columns equal the arguments answers; with `many`, all such rows do, in file
order. A CSV column has no type of its own: matched, it is read as the type of its argument, unless
`types` says otherwise, so that an integer 7 finds `7` and `007`. JSONL values keep their types: there
7 does not find "7". Equality is JSON's: 7 is 7.0, and true is not 1. An argument left out matches
null, or with `optional: any` every cell.
"""

from __future__ import annotations

from typing import Any

from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.cells import read_cell, typed_row
from mrlc.runtime.environment.keys import Key, key_of
from mrlc.runtime.environment.result import Reply, render
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.rows import Row, read_rows
from mrlc.schemas.tools import Replay, Tool

Index = dict[Key, Reply]


@BACK_ENDS.register("replay")
class ReplayTool:
    """Recorded responses; a call is a pure function of its arguments."""

    is_instant = True
    uses_episode = False

    def __init__(self, tool: Tool, site: Site) -> None:
        replay = tool.replay
        assert replay is not None
        path = f"{site.path}.replay"
        self._replay = replay
        self._names = tuple(replay.match)
        try:
            self._rows = _recorded(read_rows(site.inputs / replay.table), tool, replay)
            self._missing = Reply(render(replay.missing), is_error=replay.missing_is_error)
            self._indices = {self._names: _index(self._rows, self._names, replay)}
        except (OSError, ValueError) as error:
            raise PlanFault(f"{path}.table", f"{replay.table}: {error}") from error

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Reply:
        """The result, rendered when the table was indexed."""
        names = self._names
        if self._replay.optional == "any":
            names = tuple(name for name in names if name in arguments)
            if names not in self._indices:  # the first call that leaves out just these
                self._indices[names] = _index(self._rows, names, self._replay)
        key = key_of((arguments.get(name) for name in names), self._replay.normalise)
        return self._indices[names].get(key, self._missing)


class _Recorded:
    """A row: what it is found by, and what it gives."""

    __slots__ = ("match", "result")

    def __init__(self, match: dict[str, Any], result: Row) -> None:
        self.match = match
        self.result = result


def _recorded(rows: list[Row], tool: Tool, replay: Replay) -> list[_Recorded]:
    is_csv = replay.table.endswith(".csv")
    found = []
    for number, raw in enumerate(rows, 1):
        row, match = raw, {name: raw.get(column) for name, column in replay.match.items()}
        if is_csv:
            row = typed_row(raw, number, types=replay.types, null_values=replay.null_values)
            match = _match_values(raw, row, tool, replay)
        found.append(_Recorded(match, _result(row, replay)))
    return found


def _index(rows: list[_Recorded], names: tuple[str, ...], replay: Replay) -> Index:
    """The results by the values of some arguments; rows beyond the most are left out."""
    most = replay.max_rows if replay.many else 1
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        match = [row.match[name] for name in names]
        if any(isinstance(value, list | dict) for value in match):
            continue  # no argument is an array or an object
        group = groups.setdefault(key_of(match, replay.normalise), [])
        if len(group) < most:
            group.append(row.result)
    if replay.many:
        return {key: Reply(render(group)) for key, group in groups.items()}
    return {key: Reply(render(group[0])) for key, group in groups.items()}


def _result(row: Row, replay: Replay) -> Row:
    if replay.returns is not None:
        return {column: row.get(column) for column in replay.returns}
    matched = set(replay.match.values())
    return {column: value for column, value in row.items() if column not in matched}


def _match_values(raw: Row, row: Row, tool: Tool, replay: Replay) -> dict[str, Any]:
    values = {}
    for argument, column in replay.match.items():
        value = row.get(column)
        if value is not None and column not in replay.types and argument in tool.parameters:
            read = read_cell(raw[column], tool.parameters[argument].type)
            value = value if read is None else read
        values[argument] = value
    return values
