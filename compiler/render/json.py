"""For programs: `{"schema": "mrlc.diagnostics/1", "diagnostics": [...]}`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mrlc.compiler.diagnostics import Diagnostic, Fix, Span
from mrlc.compiler.render.text import shown_file

SCHEMA = "mrlc.diagnostics/1"


def render(diagnostics: Sequence[Diagnostic], *, base: Path, **more: Any) -> str:
    """One JSON object on one line; `more` adds results beside the diagnostics."""
    found = [record(fault, base) for fault in diagnostics]
    return json.dumps({"schema": SCHEMA, "diagnostics": found, **more}) + "\n"


def record(fault: Diagnostic, base: Path) -> dict[str, Any]:
    """A diagnostic as JSON; absent words are null."""
    labels = [{"span": _span(label.span, base), "text": label.text} for label in fault.labels]
    return {
        "code": fault.code,
        "name": fault.name,
        "severity": fault.severity,
        "message": fault.message,
        "label": fault.label or None,
        "span": _span(fault.span, base),
        "labels": labels,
        "help": fault.help,
        "path": fault.path or None,
        "fix": _fix(fault.fix, base) if fault.fix else None,
    }


def _fix(fix: Fix, base: Path) -> dict[str, Any]:
    edits = [{"span": _span(span, base), "replacement": text} for span, text in fix.edits]
    return {"is_safe": fix.is_safe, "edits": edits}


def _span(span: Span, base: Path) -> dict[str, Any]:
    return {
        "file": shown_file(span.file, base),
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
