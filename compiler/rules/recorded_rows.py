"""Rows of a replay table that a call can have: keys that are one, and lists that are cut."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from mrlc.compiler.diagnostics import Diagnostic, Label
from mrlc.compiler.files import Row
from mrlc.compiler.rules import Edit, Finding, Subject, check, rule
from mrlc.schemas.tools import Replay, Tool

BIKES = "specs/bikes.csv"
RETURNS = "        returns: [job, days]\n"
TWICE = Edit("2,J2,0\n", "2,J2,0\n2,J5,4\n", BIKES)

_STEPS: dict[str, Callable[[str], str]] = {
    "trim": str.strip,
    "casefold": str.casefold,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
}


def replays(subject: Subject) -> Iterator[tuple[Tool, Replay, str]]:
    """Every replay whose table can be read, its tool and its path."""
    for at, tool in subject.experiment.environment.every_tool():
        if tool.replay is not None and not subject.files[tool.replay.table].table.faults:
            yield tool, tool.replay, f"{at}.replay"


@rule(
    "MRLC550",
    "equal-keys",
    severity="warning",
    bad=(TWICE,),
    good=(TWICE, Edit(RETURNS, RETURNS + "        many: true\n")),
)
def keys_differ(subject: Subject) -> Iterator[Finding]:
    """Two rows of a replay table have the same key and say different things: the first wins.

    What the later row records is never returned. Where a task expects it, the task cannot be solved.

    Match on a further column, say `many: true` to return all rows, or remove the row. Rows that
    only `normalise` makes equal count too.
    """
    for tool, replay, path in replays(subject):
        if replay.many:
            continue
        seen: dict[str, Row] = {}
        for row in subject.files[replay.table].table.rows:
            first = seen.setdefault(key_of(row, tool, replay), row)
            if _result(first, replay) != _result(row, replay):
                message = f"tool `{tool.name}` never returns this row: another has the same key"
                labels = (Label(first.span, "this one answers"),)
                help = "match on a further column, or say `many: true`"
                yield Finding(f"{path}.table", message, "", labels, help, row.span)
                break


@rule(
    "MRLC556",
    "rows-cut",
    severity="warning",
    bad=(TWICE, Edit(RETURNS, RETURNS + "        many: true\n        max_rows: 1\n")),
    good=(TWICE, Edit(RETURNS, RETURNS + "        many: true\n        max_rows: 2\n")),
)
def lists_are_whole(subject: Subject) -> Iterator[Finding]:
    """More rows have one key than `max_rows` lets through.

    The rows beyond are never returned, and nothing in the result says so. Where a task needs one of
    them, it cannot be solved.

    Raise `max_rows` as far as the result's token budget allows, or match on a further column.
    """
    for tool, replay, path in replays(subject):
        groups: dict[str, int] = {}
        for row in subject.files[replay.table].table.rows if replay.many else ():
            key = key_of(row, tool, replay)
            groups[key] = groups.get(key, 0) + 1
            if groups[key] > replay.max_rows:
                message = f"more than {replay.max_rows} rows have this row's key"
                labels = (Label(subject.value(f"{path}.max_rows"), "returned at most"),)
                yield Finding(f"{path}.table", message, "never returned", labels, at=row.span)
                break


@check
def options_have_an_effect(subject: Subject) -> Iterator[Diagnostic]:
    """`max_rows` without `many`, `optional` and `normalise` without arguments to work on."""
    for tool, replay, path in replays(subject):
        given = replay.model_fields_set
        parameters = [tool.parameters[name] for name in replay.match if name in tool.parameters]
        idle = {
            "max_rows": (not replay.many, "it bounds the list that `many: true` returns"),
            "optional": (
                all(one.required for one in parameters),
                "every argument that is matched is required",
            ),
            "normalise": (
                all(one.type != "string" for one in parameters),
                "no argument that is matched is a text",
            ),
        }
        for name, (is_idle, why) in idle.items():
            if name in given and is_idle and parameters:
                at = f"{path}.{name}"
                message = f"`{name}` has no effect: {why}"
                yield Diagnostic("MRLC211", message, subject.name(at), path=at)


def key_of(row: Row, tool: Tool, replay: Replay) -> str:
    """The key of a row, equal for two rows if calls cannot tell them apart."""
    values = [
        _key_value(row.values.get(column), tool, name, replay)
        for name, column in replay.match.items()
    ]
    return json.dumps(values, sort_keys=True, default=str)


def _key_value(value: Any, tool: Tool, argument: str, replay: Replay) -> Any:
    if isinstance(value, str) and replay.table.endswith(".csv"):
        if value in replay.null_values:
            return None
        kind = tool.parameters[argument].type if argument in tool.parameters else "string"
        value = _number(value.strip()) if kind in ("integer", "number") else value
    if isinstance(value, str):
        for step in replay.normalise:
            value = _STEPS[step](value)
    is_whole = isinstance(value, float) and value.is_integer()
    return int(value) if is_whole else value


def _number(cell: str) -> Any:
    try:
        return float(cell) if not cell.lstrip("+-").isdecimal() else int(cell)
    except ValueError:
        return cell


def _result(row: Row, replay: Replay) -> Any:
    matched = set(replay.match.values())
    if replay.returns is not None:
        return [row.values.get(name) for name in replay.returns]
    return {name: value for name, value in row.values.items() if name not in matched}
