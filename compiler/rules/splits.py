"""The three splits: readable, not empty, no task twice, no task in two of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mrlc.compiler.diagnostics import Diagnostic, Label
from mrlc.compiler.files import Row
from mrlc.compiler.rules import Subject, check


@check
def rows_are_readable(subject: Subject) -> Iterator[Diagnostic]:
    for split, table in subject.splits():
        yield from table.faults
        if not table.rows and not table.faults:
            path = f"data.{split}"
            file = getattr(subject.experiment.data, split)
            span = subject.value(path)
            yield Diagnostic(
                "MRLC321", f"the {split} split is empty", span, f"{file} has no rows", path=path
            )


@check
def ids_are_names(subject: Subject) -> Iterator[Diagnostic]:
    """An id is text or a whole number: it names the task in records and seeds."""
    for split, table in subject.splits():
        seen: dict[str, Row] = {}
        for number, row in enumerate(table.rows):
            identity = row.values.get("id")
            if identity is None or identity == "":
                identity = number
            if not isinstance(identity, str | int) or isinstance(identity, bool):
                message = "a task's `id` is text or a whole number"
                yield Diagnostic("MRLC320", message, row.span, path=f"data.{split}")
            elif (first := seen.setdefault(str(identity), row)) is not row:
                message = f"two tasks have the id `{identity}`"
                label = Label(first.cell(str(identity)), "first used here")
                span = row.cell(str(identity))
                yield Diagnostic("MRLC322", message, span, "", (label,), path=f"data.{split}")


@check
def splits_are_disjoint(subject: Subject) -> Iterator[Diagnostic]:
    """A task is the same by its id, or by its content whatever its id."""
    ids: dict[str, tuple[str, Row]] = {}
    contents: dict[str, tuple[str, Row]] = {}
    for split, table in subject.splits():
        for row in table.rows:
            name = _given(row.values.get("id"))
            first = ids.setdefault(str(name), (split, row)) if name is not None else (split, row)
            if first[0] == split:
                first = contents.setdefault(content(row.values), (split, row))
            if first[0] != split:
                what = f"the task `{name}`" if name is not None else "a task"
                message = f"{what} is in both {first[0]} and {split}"
                label = Label(first[1].span, f"the same task in {first[0]}")
                help = "held-out tasks must not be trained on" if "train" in first[0] else None
                yield Diagnostic(
                    "MRLC323", message, row.span, f"in {split}", (label,), help, f"data.{split}"
                )


def content(values: dict[str, Any]) -> str:
    """A row without its id, as text: what makes two tasks one."""
    return json.dumps({key: value for key, value in values.items() if key != "id"}, sort_keys=True)


def _given(identity: Any) -> Any:
    return None if identity == "" else identity
