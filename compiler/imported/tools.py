"""A tool that ships as a tool of a spec, answered by a table of example rows.

The table has a column for each argument that a row can be found by, and one for each field
of the result that the export tells of. A tool without such an argument always replies the same.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mrlc.compiler.imported.examples import arguments, example
from mrlc.compiler.imported.matching import matching
from mrlc.compiler.imported.note import Note, Notes, quoted
from mrlc.compiler.imported.values import (
    IDENTIFIER,
    PARAMETER,
    SCALARS,
    Declared,
    declared,
    described,
    member,
)
from mrlc.compiler.production import ShippedTool

ROWS = 6
"""Example rows of a table."""
_TOOL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_RESULT = "result"
_COLUMNS = 8
"""Fields of a result that get a column; a table of more is not filled by hand."""
_CONSTANT = {_RESULT: "replace me"}


@dataclass(frozen=True)
class Example:
    """A call that the tool answers, and its answer."""

    arguments: Mapping[str, Any]
    result: Mapping[str, Any]


@dataclass(frozen=True)
class ImportedTool:
    """A tool of the spec to be written."""

    name: str
    description: str
    parameters: Mapping[str, Declared]
    match: tuple[str, ...]
    """Arguments that find a row; none: the tool has no table."""
    columns: Mapping[str, Declared]
    """What a row returns."""
    notes: tuple[Note, ...]

    @property
    def examples(self) -> list[Example]:
        """Calls that differ in what is matched, at most `ROWS`."""
        if not self.match:
            return [Example(arguments(self.parameters, 1), _CONSTANT)]
        found: dict[str, Example] = {}
        for number in range(1, ROWS + 1):
            given = arguments(self.parameters, number)
            given |= {name: example(name, self.parameters[name], number) for name in self.match}
            key = json.dumps([_cell(given[name]) for name in self.match])
            result = {name: example(name, one, number) for name, one in self.columns.items()}
            found.setdefault(key, Example(given, result))
        return list(found.values())

    def table(self) -> str:
        """The examples as CSV."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*self.match, *self.columns])
        for one in self.examples:
            row = [one.arguments[name] for name in self.match] + list(one.result.values())
            writer.writerow([_cell(value) for value in row])
        return stream.getvalue()

    def spec(self, table: str) -> dict[str, Any]:
        """The tool as a spec writes it; `table` is the path of its table."""
        found: dict[str, Any] = {"name": self.name}
        if self.description:
            found["description"] = self.description
        if self.parameters:
            found["parameters"] = dict(self.parameters)
        if not self.match:
            return {**found, "reply": _CONSTANT}
        replay: dict[str, Any] = {"table": table, "match": {name: name for name in self.match}}
        if len(self.match) < len(self.parameters):
            replay["mode"] = "by_key"
        replay["returns"] = list(self.columns)
        types = {name: one["type"] for name, one in self.columns.items() if one["type"] != "string"}
        return {**found, "replay": replay | ({"types": types} if types else {})}


def imported_tools(shipped: Iterable[ShippedTool]) -> list[ImportedTool]:
    """The tools in order, under names that differ."""
    found: dict[str, ImportedTool] = {}
    for tool in shipped:
        name = renamed(tool.name, found, _TOOL_NAME)
        found[name] = _tool(tool, name)
    return list(found.values())


def renamed(name: str, taken: Collection[str], form: re.Pattern[str]) -> str:
    """The name, made one that a spec can say and that is not taken."""
    if form.fullmatch(name) and name not in taken:
        return name
    stem = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:56] or "unnamed"
    stem = f"_{stem}" if stem[0].isdigit() else stem
    choices = (stem if number == 1 else f"{stem}_{number}" for number in range(1, len(taken) + 3))
    return next(one for one in choices if one not in taken)


def _tool(tool: ShippedTool, name: str) -> ImportedTool:
    notes = Notes(name)
    if name != tool.name:
        notes.add(tool.place, f"{quoted(tool.name)} is called `{name}`", breaks_pin=True)
    parameters: dict[str, Declared] = {}
    for shipped_name, one in tool.parameters.items():
        own = renamed(shipped_name, parameters, IDENTIFIER)
        if own != shipped_name:
            text = f"the argument {quoted(shipped_name)} is called `{own}`"
            notes.add(one.place, text, breaks_pin=True)
        is_required = one.is_required
        declaration = member(one.schema, tool.root, one.place, notes, PARAMETER, is_required)
        if "pattern" in declaration and matching(declaration["pattern"], 1) is None:
            notes.add(one.place, "the example rows do not match the pattern: replace them")
        parameters[own] = declaration
    return ImportedTool(
        name=name,
        description=described(tool.description, tool.place, notes),
        parameters=parameters,
        match=_matched(parameters),
        columns=_columns(tool, parameters),
        notes=tuple(notes.found),
    )


def _matched(parameters: Mapping[str, Declared]) -> tuple[str, ...]:
    """The arguments that find a row: what must be given, or else what may be."""
    scalars = [name for name, one in parameters.items() if one["type"] in SCALARS]
    required = [name for name in scalars if parameters[name].get("required", True)]
    return tuple(required or scalars)


def _columns(tool: ShippedTool, parameters: Mapping[str, Declared]) -> dict[str, Declared]:
    """The plain fields of the result, without those that the call has given already."""
    members = tool.result.get("properties")
    unsaid = Notes(tool.name)  # a table need not follow the schema: its rows are recorded
    found = {
        name: declared(one, tool.result, "", unsaid)
        for name, one in (members.items() if isinstance(members, dict) else ())
        if IDENTIFIER.fullmatch(name) and name not in parameters and isinstance(one, dict)
    }
    plain = {
        name: {"type": one["type"], **_printable(one)}
        for name, one in found.items()
        if one["type"] in SCALARS
    }
    free = next(name for name in (_RESULT, "returned", *map("result_{}".format, range(len(parameters) + 1)))
                if name not in parameters)  # fmt: skip
    return dict(list(plain.items())[:_COLUMNS]) or {free: {"type": "string"}}


def _printable(value: Declared) -> Declared:
    """The choices that a cell can hold."""
    choices = [c for c in value.get("enum", ()) if not isinstance(c, str) or _is_cell(c)]
    return {"enum": choices} if choices else {}


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_cell(text: str) -> bool:
    return bool(text.strip()) and text.isprintable()
