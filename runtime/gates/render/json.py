"""For programs: `{"schema": "mrlc.gates/1", "reports": [...]}` on one line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mrlc.runtime.gates.earn import Report, Result

SCHEMA = "mrlc.gates/1"


def render(reports: Sequence[Report]) -> str:
    """One JSON object on one line."""
    record = {"schema": SCHEMA, "reports": [_report(one) for one in reports]}
    return json.dumps(record) + "\n"


def _report(report: Report) -> dict[str, Any]:
    gates = [_gate(result) for result in report.results]
    return {"experiment": report.experiment, "is_through": report.is_through, "gates": gates}


def _gate(result: Result) -> dict[str, Any]:
    shown = result.evidence.model_dump(mode="json") if result.evidence else {}
    about = {"code": result.code, "name": result.name, "outcome": result.outcome}
    return {**shown, **about, "said": result.said}
