"""Replay tables: the columns that a tool matches and returns exist, and typed cells parse."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from mrlc.compiler.diagnostics import Diagnostic, Fix, Label, Span
from mrlc.compiler.files import Table, is_json
from mrlc.compiler.rules import Subject, check
from mrlc.compiler.suggest import did_you_mean, nearest
from mrlc.schemas.tools import Replay, Tool
from mrlc.schemas.values import CellType

_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "json": "a JSON document",
}
_FORMS = {
    "integer": re.compile(r"[+-]?[0-9]+"),
    "number": re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?"),
    "boolean": re.compile(r"true|false", re.IGNORECASE),
    "string": re.compile(r".*", re.DOTALL),
}


@check
def replay_fits_its_table(subject: Subject) -> Iterator[Diagnostic]:
    for at, tool in subject.experiment.environment.every_tool():
        if tool.replay is not None:
            path = f"{at}.replay"
            yield from _replay(subject, tool, tool.replay, path)


def _replay(subject: Subject, tool: Tool, replay: Replay, path: str) -> Iterator[Diagnostic]:
    table = subject.files[replay.table].table
    yield from table.faults
    if table.faults:
        return
    if not table.rows:
        message = f"the table of tool `{tool.name}` is empty"
        at = f"{path}.table"
        label = f"{replay.table} has no rows"
        yield Diagnostic("MRLC321", message, subject.value(at), label, path=at)
        return
    yield from _arguments(subject, tool, replay, path)
    for at, column, span in _named(subject, replay, path):
        if column not in table.columns:
            yield _unknown(column, table, span, at)
    nulls = replay.null_values
    yield from unread_cells(table, replay.types, null_values=nulls, path=f"{path}.types")


def _named(subject: Subject, replay: Replay, path: str) -> Iterator[tuple[str, str, Span]]:
    """Every column that a tool names: path, name, and where it is written."""
    for argument, column in replay.match.items():
        at = f"{path}.match.{argument}"
        yield at, column, subject.value(at)
    for index, column in enumerate(replay.returns or ()):
        at = f"{path}.returns.{index}"
        yield at, column, subject.value(at)
    for column in replay.types:
        at = f"{path}.types.{column}"
        yield at, column, subject.name(at)


def _arguments(subject: Subject, tool: Tool, replay: Replay, path: str) -> Iterator[Diagnostic]:
    for argument in replay.match:
        if argument not in tool.parameters:
            at = f"{path}.match.{argument}"
            message = f"`{argument}` is not a parameter of tool `{tool.name}`"
            help = did_you_mean(argument, tool.parameters)
            near = nearest(argument, tool.parameters.keys() - replay.match)
            fix = Fix.at(subject.name(at), argument, near) if near else None
            yield Diagnostic("MRLC330", message, subject.name(at), help=help, path=at, fix=fix)
        elif tool.parameters[argument].type in ("array", "object"):
            at = f"{path}.match.{argument}"
            kind = tool.parameters[argument].type
            message = f"`{argument}` is an {kind}, which equals no cell of a table"
            help = "match the other arguments and say `mode: by_key`, or use `python`"
            yield Diagnostic("MRLC330", message, subject.name(at), help=help, path=at)
    for name in tool.parameters:
        if name not in replay.match and replay.mode == "strict":
            at = f"{path}.match"
            message = f"tool `{tool.name}` has a parameter `{name}` that no column is matched with"
            label = Label(subject.name(f"{path.removesuffix('.replay')}.parameters.{name}"), "")
            help = f"add `{name}: column` here, or say `mode: by_key` to ignore it"
            yield Diagnostic("MRLC330", message, subject.name(at), "", (label,), help, at)


def _unknown(column: str, table: Table, span: Span, path: str) -> Diagnostic:
    near = nearest(column, table.columns)
    help = f"did you mean `{near}`?" if near else None
    label = Label(table.head, "the table's columns")
    fix = Fix.at(span, column, near) if near else None
    message = f"unknown column `{column}`"
    return Diagnostic("MRLC324", message, span, "", (label,), help, path, fix=fix)


def unread_cells(
    table: Table, types: Mapping[str, CellType], *, null_values: Collection[str], path: str
) -> Iterator[Diagnostic]:
    """One fault for each typed column: its first cell that is not of the type."""
    for column, kind in types.items():
        for row in table.rows:
            cell = row.values.get(column)
            if not isinstance(cell, str) or cell in null_values or _parses(cell, kind):
                continue
            message = f"`{cell}` in column `{column}` is not {_WORDS[kind]}"
            help = "name the cells that mean null under `null_values`" if not cell.strip() else None
            yield Diagnostic("MRLC331", message, row.cell(cell), help=help, path=f"{path}.{column}")
            break


def _parses(cell: str, kind: CellType) -> bool:
    """Whether a CSV cell is a value of a type."""
    if kind == "json":
        return is_json(cell)
    return _FORMS[kind].fullmatch(cell.strip()) is not None
