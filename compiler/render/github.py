"""For GitHub Actions: a workflow command a fault, which the runner turns into an annotation.

`::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`; escapes as in the runner's
own toolkit, actions/toolkit, packages/core/src/command.ts. Columns of an annotation count only
where it lies on one line, and its end is inclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.render.text import advice, shown_file, visible


def render(diagnostics: Sequence[Diagnostic], *, base: Path) -> str:
    """The diagnostics, a line each; file names relative to `base`, the checked-out repository."""
    return "".join(f"{_command(fault, base)}\n" for fault in diagnostics)


def _command(fault: Diagnostic, base: Path) -> str:
    span = fault.span
    place = {"line": span.line, "endLine": max(span.line, span.end_line)}
    if place["line"] == place["endLine"]:
        place |= {"col": span.column, "endColumn": span.last_column - 1}
    properties = {
        "file": shown_file(span.file, base),
        **place,
        "title": f"{fault.code} {fault.name}",
    }
    words = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{fault.severity} {words}::{_message(_text(fault, base))}"


def _text(fault: Diagnostic, base: Path) -> str:
    lines = [visible(fault.message)]
    if fault.label:
        lines.append(visible(fault.label))
    for label in fault.labels:
        place = f"{shown_file(label.span.file, base)}:{label.span.line}:{label.span.column}"
        lines.append(f"{place}: {visible(label.text)}".rstrip(": "))
    if words := advice(fault):
        lines.append(f"help: {words}")
    return "\n".join(lines)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
