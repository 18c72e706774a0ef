"""Diagnostics as text: one module a format, each with `render(diagnostics, base=...)`.

`FORMATS` is the one list of them. Formats for people go to stderr, beside what a command
prints on stdout; formats for programs are all that stdout holds, faults or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from mrlc.compiler.diagnostics import Diagnostic


class Format(NamedTuple):
    """What a command must know of a format."""

    is_for_people: bool = False
    from_repository: bool = False
    """Whether files are named from the repository's root, as services that show them need it."""


FORMATS = {
    "human": Format(is_for_people=True),
    "concise": Format(is_for_people=True),
    "json": Format(),
    "sarif": Format(from_repository=True),
    "github": Format(from_repository=True),
    "markdown": Format(from_repository=True),
}


def render(form: str, diagnostics: Sequence[Diagnostic], *, cwd: Path) -> str:
    """The diagnostics in one of the formats; `cwd` is where the command was given."""
    base = repository(cwd) if FORMATS[form].from_repository else cwd
    module = import_module(f"{__name__}.{form}")
    text: str = module.render(diagnostics, base=base)
    return text


def repository(folder: Path) -> Path:
    """The nearest folder above that holds `.git`; without one, the folder itself."""
    above = (folder, *folder.parents)
    return next((one for one in above if (one / ".git").exists()), folder)
