"""One line a fault, as editors and grep read it: `file:line:column: error[CODE] message`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.render.text import shown_file, visible


def render(diagnostics: Sequence[Diagnostic], *, base: Path) -> str:
    """The diagnostics; file names relative to `base`."""
    return "".join(f"{_line(fault, base)}\n" for fault in diagnostics)


def _line(fault: Diagnostic, base: Path) -> str:
    place = f"{shown_file(fault.span.file, base)}:{fault.span.line}:{fault.span.column}"
    help = f" ({visible(fault.help)})" if fault.help else ""
    return f"{place}: {fault.severity}[{fault.code}] {visible(fault.message)}{help}"
