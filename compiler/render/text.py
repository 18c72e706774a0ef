"""Text that is safe and measurable on a terminal.

A spec may hold anything: control characters that move the cursor, letters that turn the
reading order. Those are shown as escapes. Columns count code points; a caret needs the width
that a terminal gives them.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from mrlc.compiler.diagnostics import Diagnostic

TAB = "    "


def visible(text: str) -> str:
    """The text with tabs as spaces and everything invisible as an escape."""
    return "".join(_shown(letter) for letter in text)


def width(text: str) -> int:
    """Terminal cells that visible text takes."""
    from rich.cells import cell_len

    return len(text) if text.isascii() else cell_len(text)


def shown_file(file: str, base: Path) -> str:
    """A file as the user would type it: relative to `base` where it lies below."""
    relative = os.path.relpath(file, base) if os.path.isabs(file) else file
    return visible(file if relative.startswith("..") else relative)


def tally(diagnostics: Sequence[Diagnostic]) -> str:
    """How many there are of each severity: `2 errors, 1 warning`."""
    counts = {"error": 0, "warning": 0}
    for fault in diagnostics:
        counts[fault.severity] += 1
    parts = [
        f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items() if count
    ]
    return ", ".join(parts) or "no faults"


def advice(fault: Diagnostic) -> str:
    """The help line, and the command that follows it where there is one; empty without either."""
    words = visible(fault.help) if fault.help else ""
    if fault.fix is None:
        return words
    flag = "" if fault.fix.is_safe else " --unsafe"
    return f"{words}  (fix available: mrlc check --fix{flag})".lstrip()


def _shown(letter: str) -> str:
    if letter == "\t":
        return TAB
    if letter.isascii():
        return letter if letter.isprintable() else f"\\x{ord(letter):02x}"
    if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return f"\\u{ord(letter):04x}"
    return letter
