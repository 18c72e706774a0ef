"""For programs: `{"schema": "mrlc.diff/1", "against": ..., "specs": [...]}`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from mrlc.compiler.diff.changes import ABSENT, Change
from mrlc.compiler.diff.report import Report, SpecDiff
from mrlc.schemas.plan import Position

SCHEMA = "mrlc.diff/1"


def render(report: Report) -> str:
    """One JSON object on one line."""
    record = {
        "schema": SCHEMA,
        "against": report.against,
        "specs": [_spec(diff) for diff in report.specs],
        "unchanged": report.unchanged,
        "notes": list(report.notes),
    }
    return json.dumps(record) + "\n"


def _spec(diff: SpecDiff) -> dict[str, Any]:
    return {
        "name": diff.name,
        "status": diff.status,
        "spec": diff.spec,
        "semantic": {"old": diff.semantic[0], "new": diff.semantic[1]},
        "classes": list(diff.kinds),
        "changes": [_change(change) for change in diff.changes],
        "measures": {
            "old": diff.old.as_json() if diff.old else None,
            "new": diff.new.as_json() if diff.new else None,
        },
        "invalidated": list(diff.invalidated),
        "waived": dict(diff.waived),
        "warning": diff.warning,
    }


def _change(change: Change) -> dict[str, Any]:
    """A side that lacks the value lacks the key `value`; a default has no `at`."""
    sides = ((change.old, change.old_at, 0), (change.new, change.new_at, 1))
    old, new = (
        _side(value, at, change.digests[i] if change.digests else None) for value, at, i in sides
    )
    rows = asdict(change.rows) if change.rows else None
    return {"path": change.path, "class": change.kind, "old": old, "new": new, "rows": rows}


def _side(value: Any, at: Position | None, digest: str | None) -> dict[str, Any]:
    found = {} if value is ABSENT else {"value": value}
    if digest is not None:
        found["digest"] = digest
    where = None if at is None else {"file": at.file, "line": at.line, "column": at.column}
    return {**found, "at": where}
