"""Decision tables: their cells are conditions, each row can decide, and every call is decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mrlc.compiler.decisions import Case, cases, decisions, is_certain, outcomes, readable
from mrlc.compiler.diagnostics import Diagnostic, Fix, Label
from mrlc.compiler.rules import Edit, Finding, Subject, check, rule
from mrlc.compiler.rules.tables import unread_cells
from mrlc.compiler.suggest import did_you_mean, nearest
from mrlc.schemas.compute import DecisionTable
from mrlc.schemas.conditions import BadCondition, parse_condition
from mrlc.schemas.tools import Tool

ANSWER = "  answer:\n"
ROOM = Edit("turns: {human: 2}", "turns: {human: 2, max_tokens: 128}")
"""For results whose length only a run knows."""


def _table(*rows: str, default: str = "") -> Edit:
    """A tool that decides by rows, after those of the project."""
    written = "".join(f"            - {row}\n" for row in rows)
    text = f"""\
    - name: fee
      parameters:
        days: {{type: integer}}
      compute:
        table:
          rows:
{written}{default}"""
    return Edit(ANSWER, text + ANSWER)


SHORT = '{when: {days: "<= 3"}, then: {fee: 0}}'
LONG = '{when: {days: "> 3"}, then: {fee: 5}}'


def tables(subject: Subject) -> Iterator[tuple[Tool, DecisionTable, str]]:
    """Every decision table, its tool and its path."""
    for at, tool in subject.experiment.environment.every_tool():
        if tool.compute is not None and tool.compute.table is not None:
            yield tool, tool.compute.table, f"{at}.compute.table"


@check
def tables_name_what_there_is(subject: Subject) -> Iterator[Diagnostic]:
    for tool, table, path in tables(subject):
        yield from _arguments(subject, tool, table, path)
        if table.file is not None:
            yield from _columns(subject, table, path)


def _arguments(
    subject: Subject, tool: Tool, table: DecisionTable, path: str
) -> Iterator[Diagnostic]:
    """A condition is on a parameter of the tool."""
    places = [(f"{path}.when.{index}", name) for index, name in enumerate(table.when or ())]
    for index, row in enumerate(table.rows or ()):
        places += [(f"{path}.rows.{index}.when.{name}", name) for name in row.when]
    for at, name in places:
        if name not in tool.parameters:
            span = subject.value(at) if table.when else subject.name(at)
            near = nearest(name, tool.parameters)
            fix = Fix.at(span, name, near) if near else None
            help = did_you_mean(name, tool.parameters)
            message = f"`{name}` is not a parameter of tool `{tool.name}`"
            yield Diagnostic("MRLC330", message, span, help=help, path=at, fix=fix)


def _columns(subject: Subject, table: DecisionTable, path: str) -> Iterator[Diagnostic]:
    """What is said of the file is in the file."""
    assert table.file is not None
    found = subject.files[table.file].table
    yield from found.faults
    if found.faults:
        return
    if not found.rows:
        span = subject.value(f"{path}.file")
        yield Diagnostic("MRLC321", f"{table.file} has no rows", span, path=f"{path}.file")
        return
    named = [(f"{path}.when.{i}", name, True) for i, name in enumerate(table.when or ())]
    named += [(f"{path}.types.{name}", name, False) for name in table.types]
    for at, name, is_value in named:
        if name not in found.columns:
            span = subject.value(at) if is_value else subject.name(at)
            near = nearest(name, found.columns)
            fix = Fix.at(span, name, near) if near else None
            help = f"did you mean `{near}`?" if near else None
            label = Label(found.head, "the table's columns")
            message = f"unknown column `{name}`"
            yield Diagnostic("MRLC324", message, span, "", (label,), help, at, fix=fix)
    yield from unread_cells(found, table.types, null_values=("",), path=f"{path}.types")


@rule(
    "MRLC345",
    "bad-condition",
    bad=(
        ROOM,
        _table(SHORT.replace("<= 3", "<= three"), LONG),
    ),
    good=(
        ROOM,
        _table(SHORT, LONG),
    ),
)
def conditions_can_be_read(subject: Subject) -> Iterator[Finding]:
    """A cell of a decision table is no condition on its argument, or a row decides nothing.

    No run could read the table.

    Write a value of the argument's type (`gold`), a comparison (`<= 100`), a range (`10..20`), several
    of them (`gold | silver`), `null` for an argument left out, or `-` for any. What follows `=` is
    taken as it is.
    """
    for tool, table, path in tables(subject):
        if not outcomes(subject, table):
            yield Finding(f"{path}.when", "every column is a condition: none says what is decided")
        for row in decisions(subject, table, path):
            for name, cell in row.cells.items():
                if name not in tool.parameters:
                    continue
                try:
                    parse_condition(cell, tool.parameters[name].type)
                except BadCondition as error:
                    at = None if row.file_row is None else row.file_row.cell(str(cell))
                    here = row.path if row.file_row else f"{row.path}.when.{name}"
                    label = f"`{name}` is {tool.parameters[name].type}"
                    yield Finding(here, str(error), label, at=at)


@rule(
    "MRLC554",
    "row-never-decides",
    severity="warning",
    bad=(
        ROOM,
        _table(SHORT, LONG, '{when: {days: "2"}, then: {fee: 1}}'),
    ),
    good=(
        ROOM,
        _table('{when: {days: "2"}, then: {fee: 1}}', SHORT, LONG),
    ),
)
def rows_are_reached(subject: Subject) -> Iterator[Finding]:
    """A row of a decision table, or its default, is never reached: the rows above decide first.

    The first row whose conditions hold decides. A row below a wider one says something that never
    comes true, and a reader believes it.

    Move the narrow row up, or remove it.
    """
    for tool, table, path in tables(subject):
        rows = readable(subject, tool, table, path)
        tried = cases(tool, rows)
        if not rows or tried is None:
            continue
        decided = {_first(rows, case) for case in tried}
        for index, row in enumerate(rows):
            if index not in decided:
                at = row.span if row.file_row is not None else None
                yield Finding(row.path, "no call reaches this row: the rows above decide", at=at)
        if table.default is not None and None not in decided:
            message = "no call reaches the default: the rows decide all"
            yield Finding(f"{path}.default", message, at=subject.name(f"{path}.default"))


@rule(
    "MRLC555",
    "undecided-call",
    bad=(
        ROOM,
        _table(SHORT, LONG.replace("> 3", "> 4")),
    ),
    good=(
        ROOM,
        _table(SHORT, LONG.replace("> 3", "> 4"), default="          default: {fee: 2}\n"),
    ),
)
def calls_are_decided(subject: Subject) -> Iterator[Finding]:
    """A call that the tool allows is decided by no row, and the table has no default.

    The model would be told of an error for an argument that its schema allows.

    Add `default`, which may say so in words, or widen a row. Every way in which conditions can differ
    is tried; a table with very many arguments is taken on trust.
    """
    for tool, table, path in tables(subject):
        rows = readable(subject, tool, table, path)
        tried = cases(tool, rows) if table.default is None else None
        for case in tried or () if rows else ():
            if _first(rows, case) is None and is_certain(tool, case):
                message = f"no row decides a call with {_shown(case)}, and there is no `default`"
                yield Finding(path, message, at=subject.name(path))
                break


def _first(rows: list[Any], case: Case) -> int | None:
    return next((index for index, row in enumerate(rows) if row.holds(case)), None)


def _shown(case: Case) -> str:
    parts = (f"{name} = {_value(value)}" for name, value in case.items())
    return ", ".join(parts) or "any arguments"


def _value(value: Any) -> str:
    if isinstance(value, str) and value.endswith("\x01"):
        return "another text"
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
