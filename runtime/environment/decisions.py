"""Decision tables: the outcome of the first row whose conditions all hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mrlc.runtime.environment.cells import typed_row
from mrlc.runtime.rows import read_rows
from mrlc.schemas.compute import DecisionTable
from mrlc.schemas.conditions import BadCondition, Condition, parse_condition
from mrlc.schemas.tools import Tool


class _Row(NamedTuple):
    conditions: tuple[tuple[str, Condition], ...]
    outcome: Mapping[str, Any]


class Decisions:
    """A decision table, read."""

    def __init__(self, tool: Tool, table: DecisionTable, inputs: Path) -> None:
        """Read it.

        Raises:
            OSError, ValueError: a row cannot be read.
        """
        self._default = table.default
        self._rows = [
            _Row(_conditions(tool, when, number), then)
            for number, (when, then) in enumerate(_written(table, inputs), 1)
        ]

    def outcome(self, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the table decides; None where no row does and there is no default."""
        for row in self._rows:
            if all(condition.holds(arguments.get(name)) for name, condition in row.conditions):
                return row.outcome
        return self._default


def _conditions(
    tool: Tool, when: Mapping[str, Any], number: int
) -> tuple[tuple[str, Condition], ...]:
    try:
        return tuple(
            (name, parse_condition(cell, tool.parameters[name].type)) for name, cell in when.items()
        )
    except (BadCondition, KeyError) as error:
        raise ValueError(f"row {number}: {error}") from error


def _written(table: DecisionTable, inputs: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The conditions and the outcome of each row."""
    if table.rows is not None:
        return [(row.when, row.then) for row in table.rows]
    assert table.file is not None
    assert table.when is not None
    found = []
    for number, raw in enumerate(read_rows(inputs / table.file), 1):
        when = {name: raw.get(name, "-") for name in table.when}
        then = {name: cell for name, cell in raw.items() if name not in when}
        if table.file.endswith(".csv"):
            then = typed_row(then, number, types=table.types, null_values=("",))
        found.append((when, then))
    return found
