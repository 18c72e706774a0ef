"""A fault that only a run can see, shown at the line of the spec that it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from mrlc.compiler.diagnostics import Diagnostic, Span
from mrlc.compiler.project import OVERRIDES
from mrlc.schemas.plan import Position, Provenance


class RunFault(Protocol):
    """What is known of such a fault: the runtime's `PlanFault`."""

    path: str
    message: str
    help: str | None


def diagnose_fault(fault: RunFault, folder: Path) -> Diagnostic:
    """The fault at its path, or at the nearest section above it that was written.

    `folder` is the plan's; without a readable provenance the plan itself is the place.
    """
    span = _span(fault.path, folder)
    return Diagnostic("MRLC390", fault.message, span, help=fault.help, path=fault.path)


def broken_plan(file: Path, message: str, help: str, *, line: int = 1) -> Diagnostic:
    """A plan or run folder that is absent or not what was compiled, at the file to blame."""
    return Diagnostic("MRLC391", message, Span(str(file.absolute()), line, 1, line, 2), help=help)


def _span(path: str, folder: Path) -> Span:
    try:
        found = Provenance.model_validate_json((folder / "provenance.json").read_bytes())
    except (OSError, ValueError):
        return Span(str((folder / "plan.json").absolute()), 1, 1, 1, 2)
    while path and path not in found.positions:
        path = path.rpartition(".")[0]
    if not path:
        return Span(str(Path(found.root) / found.spec), 1, 1, 1, 2)
    return placed(found.positions[path], Path(found.root))


def placed(at: Position, root: Path) -> Span:
    """A position of a plan as a span."""
    file = at.file if at.file == OVERRIDES else str(root / at.file)
    return Span(file, at.line, at.column, at.line, at.end_column, at.text)
