"""The results that a replay table can give, as the model would read them.

With `many` a result is the list of all rows that the required arguments find: what an optional one
leaves out of the list only shortens it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from mrlc.compiler.files import InputFile, Row
from mrlc.compiler.subject import Subject
from mrlc.schemas.tools import Replay, Tool


class Recorded(NamedTuple):
    """A row and the text of its result; of several rows, the first."""

    row: Row
    text: str


def longest(subject: Subject, tool: Tool, replay: Replay) -> Recorded | None:
    """The longest result of a table; None where it has no rows."""
    file = subject.files[replay.table]
    matched = frozenset(replay.match.values())
    if not replay.many:
        return _longest(file, file.sha256, replay.returns, matched)
    keys = tuple(
        column
        for name, column in replay.match.items()
        if replay.optional == "null" or (name in tool.parameters and tool.parameters[name].required)
    )
    return _longest_list(file, file.sha256, replay.returns, matched, keys, replay.max_rows)


@lru_cache(maxsize=64)
def _longest(
    file: InputFile, sha256: str, returns: tuple[str, ...] | None, matched: frozenset[str]
) -> Recorded | None:
    results = [Recorded(row, _text(row, returns, matched)) for row in file.table.rows]
    return max(results, key=lambda one: len(one.text.encode()), default=None)


@lru_cache(maxsize=64)
def _longest_list(
    file: InputFile,
    sha256: str,
    returns: tuple[str, ...] | None,
    matched: frozenset[str],
    keys: tuple[str, ...],
    most: int,
) -> Recorded | None:
    groups: dict[str, list[Row]] = {}
    for row in file.table.rows:
        groups.setdefault(json.dumps([row.values.get(name) for name in keys]), []).append(row)
    results = [
        Recorded(rows[0], f"[{', '.join(_text(row, returns, matched) for row in rows[:most])}]")
        for rows in groups.values()
    ]
    return max(results, key=lambda one: len(one.text.encode()), default=None)


def _text(row: Row, returns: tuple[str, ...] | None, matched: frozenset[str]) -> str:
    names = returns if returns is not None else [name for name in row.values if name not in matched]
    return json.dumps({name: row.values.get(name) for name in names}, ensure_ascii=False)
