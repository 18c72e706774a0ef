"""For code scanning: SARIF 2.1.0 (OASIS standard, 27 March 2020), one run.

Each code is a rule of its own. A result has at least one location, with a URI relative to the
repository where the file lies in it, and columns from 1 that count code points.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mrlc import __version__
from mrlc.compiler.codes import CODES
from mrlc.compiler.diagnostics import Diagnostic, Edit, Fix, Label, Span
from mrlc.compiler.render.text import advice, visible


def render(diagnostics: Sequence[Diagnostic], *, base: Path) -> str:
    """One SARIF log; `base` is the root of the repository."""
    codes = sorted({fault.code for fault in diagnostics})
    driver = {
        "name": "mrlc",
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(fault, codes.index(fault.code), base) for fault in diagnostics],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    name, summary = CODES[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": summary},
        "help": {"text": f"{summary} (`{name}`)"},
    }


def _result(fault: Diagnostic, rule: int, base: Path) -> dict[str, Any]:
    words = [fault.message, fault.label, advice(fault)]
    result = {
        "ruleId": fault.code,
        "ruleIndex": rule,
        "level": fault.severity,
        "message": {"text": "\n".join(visible(part) for part in words if part)},
        "locations": [_location(fault.span, base)],
    }
    if fault.labels:
        related = [_related(index, label, base) for index, label in enumerate(fault.labels)]
        result["relatedLocations"] = related
    if fault.fix:
        result["fixes"] = [_fix(fault, fault.fix, base)]
    return result


def _related(index: int, label: Label, base: Path) -> dict[str, Any]:
    text = visible(label.text) or "see also"
    return {"id": index, **_location(label.span, base), "message": {"text": text}}


def _location(span: Span, base: Path) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": uri(span.file, base)}, "region": _region(span)}
    return {"physicalLocation": place}


def _region(span: Span) -> dict[str, int]:
    end = max((span.end_line, span.end_column), (span.line, span.column + 1))
    return {
        "startLine": max(1, span.line),
        "startColumn": max(1, span.column),
        "endLine": end[0],
        "endColumn": end[1],
    }


def uri(file: str, base: Path) -> str:
    """A file as a URI: relative where it lies under `base`, else with its scheme."""
    if not os.path.isabs(file):
        return quote(file)
    relative = os.path.relpath(file, base)
    return Path(file).as_uri() if relative.startswith("..") else quote(Path(relative).as_posix())


def _fix(fault: Diagnostic, fix: Fix, base: Path) -> dict[str, Any]:
    certainty = "safe" if fix.is_safe else "to be confirmed"
    file = fix.edits[0].span.file
    change = {
        "artifactLocation": {"uri": uri(file, base)},
        "replacements": [_replacement(edit) for edit in fix.edits],
    }
    text = f"{visible(fault.help or 'mend it')} ({certainty})"
    return {"description": {"text": text}, "artifactChanges": [change]}


def _replacement(edit: Edit) -> dict[str, Any]:
    span = edit.span
    region = {"startLine": span.line, "startColumn": span.column}
    region |= {"endLine": span.end_line, "endColumn": span.end_column}
    return {"deletedRegion": region, "insertedContent": {"text": edit.replacement}}
