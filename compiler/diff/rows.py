"""What changed inside a data file: tasks by their id, other rows by their content."""

from __future__ import annotations

import json
from dataclasses import dataclass

from mrlc.compiler.files import InputFile, Row
from mrlc.compiler.tree import Keys


@dataclass(frozen=True)
class RowChanges:
    """Rows by what names them: the id of a task, else the line."""

    unit: str
    """`task` or `row`."""
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def row_changes(old: InputFile | None, new: InputFile | None, path: Keys) -> RowChanges | None:
    """The difference of two tables; None for files that are none."""
    if old is None or new is None or not {old.path.suffix, new.path.suffix} <= {".jsonl", ".csv"}:
        return None
    is_split = path[0] == "data"
    before, after = _named(old, is_split), _named(new, is_split)
    return RowChanges(
        "task" if is_split else "row",
        tuple(_label(key, row) for key, row in after.items() if key not in before),
        tuple(_label(key, row) for key, row in before.items() if key not in after),
        tuple(
            _label(key, row)
            for key, row in after.items()
            if key in before and _content(before[key]) != _content(row)
        ),
    )


_Key = tuple[str, str]


def _named(file: InputFile, is_split: bool) -> dict[_Key, Row]:
    """Rows by id where they are tasks that have one, else by content."""
    found: dict[_Key, Row] = {}
    for row in file.table.rows:
        identity = row.values.get("id") if is_split else None
        key = ("content", _content(row)) if identity in (None, "") else ("id", str(identity))
        found[key] = row
    return found


def _label(key: _Key, row: Row) -> str:
    return key[1] if key[0] == "id" else f"line {row.line}"


def _content(row: Row) -> str:
    return json.dumps(row.values, sort_keys=True)
