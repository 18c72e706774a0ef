"""What the compiler has to say to a person, and where.

A `Diagnostic` is one fault: a code that never changes its meaning, one sentence, the span
that is to blame, further spans that hold the other half of a conflict, a help line that
says what to write instead, and, where that can be done by a program, the edits that do it. A
span carries the line it points into, so that every renderer works from the diagnostics alone.

Passes collect diagnostics and raise `CompileFailed` once, with all of them, sorted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from mrlc.compiler.codes import CODES

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Span:
    """Text between two positions of a file: from 1, in code points, the end exclusive."""

    file: str
    """Absolute path, or a name such as `--set` for text that lies in no file."""
    line: int
    column: int
    end_line: int
    end_column: int
    text: str = field(default="", compare=False, repr=False)
    """The whole first line."""

    @property
    def last_column(self) -> int:
        """End on the first line, exclusive; a span over several lines runs to that line's end."""
        end = self.end_column if self.end_line == self.line else len(self.text) + 1
        return max(end, self.column + 1)


@dataclass(frozen=True, order=True)
class Label:
    """A second place that belongs to the fault, and what it has to do with it."""

    span: Span
    text: str


class Edit(NamedTuple):
    """A piece of a file and what to write in its place."""

    span: Span
    """On one line."""
    replacement: str


@dataclass(frozen=True)
class Fix:
    """Edits that mend a fault, all or none."""

    edits: tuple[Edit, ...]
    is_safe: bool
    """Whether only one thing can have been meant; else a person must agree (`--unsafe`)."""

    @classmethod
    def at(
        cls, span: Span, was: str, now: str, *, is_safe: bool = False, quoted: bool = True
    ) -> Fix | None:
        """Write `now` for `was`; None where the span does not hold just `was`.

        Quotes around `was` stay; with `quoted=False` they go, as `now` has its own or needs none.
        """
        if span.line != span.end_line or not os.path.isabs(span.file) or not was:
            return None  # over several lines, or of `--set`
        written = span.text[span.column - 1 : span.end_column - 1]
        quote = next((q for q in ("", '"', "'") if written == f"{q}{was}{q}"), None)
        if quote is None:
            return None
        return cls((Edit(span, f"{quote}{now}{quote}" if quoted else now),), is_safe)


@dataclass(frozen=True)
class Diagnostic:
    """One fault of a spec or of a file that it names."""

    code: str
    message: str
    span: Span
    label: str = ""
    """A few words under the carets."""
    labels: tuple[Label, ...] = ()
    help: str | None = None
    path: str = ""
    """Dotted path of the value in the spec, `environment.tools.0.name`."""
    severity: Severity = "error"
    fix: Fix | None = None

    def __post_init__(self) -> None:
        assert self.code in CODES, f"add {self.code} to compiler/codes.py"

    @property
    def name(self) -> str:
        """The code in words, `unknown-key`."""
        return CODES[self.code].name

    @property
    def order(self) -> tuple[object, ...]:
        """A total order: by place, then by what is said."""
        return (self.span, self.severity, self.code, self.message, self.label, self.labels)


class CompileFailed(Exception):
    """The spec has faults; `diagnostics` holds every one that was found, sorted, each once."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = ordered(diagnostics)
        super().__init__("; ".join(f"{fault.code} {fault.message}" for fault in self.diagnostics))


def fail_on(diagnostics: Iterable[Diagnostic]) -> None:
    """Stop here if there is any error; warnings alone stop nothing.

    Raises:
        CompileFailed: there is one; with the warnings too.
    """
    found = list(diagnostics)
    if any(fault.severity == "error" for fault in found):
        raise CompileFailed(found)


def ordered(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics sorted, each once."""
    return tuple(sorted(set(diagnostics), key=lambda fault: fault.order))
