"""Decision tables as the compiler sees them: their rows, and the cases that tell them apart.

A case gives each argument one value. The values that a column mentions, and one between, below
and above them, stand for all others: no condition can tell two values apart that lie in the same
gap. So a table is checked exactly, by trying every combination, as long as they are not too many.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mrlc.compiler.diagnostics import Span
from mrlc.compiler.subject import Subject
from mrlc.schemas.compute import DecisionTable
from mrlc.schemas.conditions import BadCondition, Condition, parse_condition
from mrlc.schemas.tools import Parameter, Tool

MAX_CASES = 20_000
"""Combinations that are tried; a table with more is taken on trust."""

Case = dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """A row of a table."""

    cells: Mapping[str, Any]
    """argument → condition, as written."""
    path: str
    """Of the row in the spec, or of the file."""
    span: Span
    file_row: Any = None
    """The row of the file, if the table is one."""
    conditions: dict[str, Condition] = field(default_factory=dict)

    def holds(self, case: Case) -> bool:
        """Whether all its conditions do."""
        return all(condition.holds(case[name]) for name, condition in self.conditions.items())


def outcomes(subject: Subject, table: DecisionTable) -> tuple[str, ...]:
    """The names of what a table decides."""
    if table.file is not None:
        columns = subject.files[table.file].table.columns
        return tuple(name for name in columns if name not in (table.when or ()))
    names = [name for row in table.rows or () for name in row.then]
    return tuple(dict.fromkeys([*names, *(table.default or {})]))


def decisions(subject: Subject, table: DecisionTable, path: str) -> Iterator[Decision]:
    """The rows of a table, in order; `path` is the table's."""
    if table.file is not None:
        for row in subject.files[table.file].table.rows:
            cells = {name: row.values.get(name, "-") for name in table.when or ()}
            yield Decision(cells, f"{path}.file", row.span, row)
    for index, one in enumerate(table.rows or ()):
        at = f"{path}.rows.{index}"
        yield Decision(one.when, at, subject.value(at))


def read(tool: Tool, decision: Decision) -> Decision:
    """The row with its conditions.

    Raises:
        BadCondition, KeyError: a cell is none, or an argument is not there.
    """
    found = {
        name: parse_condition(cell, tool.parameters[name].type)
        for name, cell in decision.cells.items()
    }
    return Decision(decision.cells, decision.path, decision.span, decision.file_row, found)


def readable(subject: Subject, tool: Tool, table: DecisionTable, path: str) -> list[Decision]:
    """All rows, or none where one of them has a fault."""
    if table.file is not None and table.when is not None:
        found = subject.files[table.file].table
        if found.faults or not set(table.when) <= set(found.columns):
            return []
    try:
        return [read(tool, one) for one in decisions(subject, table, path)]
    except (BadCondition, KeyError):
        return []


def cases(tool: Tool, rows: list[Decision]) -> list[Case] | None:
    """A case for every way in which rows can differ; None where they are too many."""
    names = list(dict.fromkeys(name for row in rows for name in row.conditions))
    values = [_values(tool.parameters[name], _of(rows, name)) for name in names]
    if math.prod(map(len, values)) > MAX_CASES:
        return None
    return [dict(zip(names, one, strict=True)) for one in itertools.product(*values)]


def is_certain(tool: Tool, case: Case) -> bool:
    """Whether a call can surely have these arguments: a pattern may forbid a text."""
    return all(
        (pattern := tool.parameters[name].pattern) is None
        or not isinstance(value, str)
        # `tool.parameters` is checked for patterns that do not compile by a rule of its own
        or _matches(pattern, value)
        for name, value in case.items()
    )


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def _of(rows: list[Decision], name: str) -> list[Condition]:
    return [row.conditions[name] for row in rows if name in row.conditions]


def _values(parameter: Parameter, conditions: list[Condition]) -> list[Any]:
    """Values of an argument that stand for all that it can have."""
    absent = [] if parameter.required else [None]
    if parameter.enum is not None:
        return [*parameter.enum, *absent]
    if parameter.type == "boolean":
        return [True, False, *absent]
    bounds = {
        value
        for condition in conditions
        for test in condition.tests
        for value in (test.value, test.end)
        if value is not None
    }
    if parameter.type == "string":
        return [*_texts(bounds), *absent]
    return [*_numbers(parameter, bounds), *absent]


def _texts(bounds: set[Any]) -> list[str]:
    """Each text and the one right after it; the empty text comes before all."""
    return sorted({"", *bounds, *(f"{text}\x01" for text in bounds)})


def _numbers(parameter: Parameter, bounds: set[Any]) -> list[float]:
    limits = [one for one in (parameter.minimum, parameter.maximum) if one is not None]
    known = sorted({*bounds, *limits} or {0})
    is_whole = parameter.type == "integer"
    if is_whole:
        known = sorted({whole for one in known for whole in (math.floor(one), math.ceil(one))})
    between = [(low + high) / 2 for low, high in itertools.pairwise(known)]
    if is_whole:
        between = [
            middle
            for (low, high), one in zip(itertools.pairwise(known), between, strict=True)
            if low < (middle := math.floor(one)) < high
        ]
    tried = sorted({known[0] - 1, *known, *between, known[-1] + 1})
    low = -math.inf if parameter.minimum is None else parameter.minimum
    high = math.inf if parameter.maximum is None else parameter.maximum
    return [one for one in tried if low <= one <= high]
