"""Fixes: what a fault offers to write instead, and how that gets into the files.

A fix replaces exactly the spans it names, so comments, layout, line ends and a byte order mark
stay as they are. It is offered only where the file holds the very text that is to be replaced:
a value that came through an alias or an expression is written elsewhere, and stays. It is
applied only if it brings no new fault of YAML. Mending one fault can show another, so
`apply` goes on until nothing changes; a file that would come back to an earlier text (one
anchor used where a number and where a text is needed) is left alone.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Edit, Span
from mrlc.compiler.source import BREAK, as_source, parse

MAX_ROUNDS = 16
_BOM = "\ufeff"


@dataclass(frozen=True)
class Fixed:
    """What was mended, and what is left."""

    mended: tuple[Diagnostic, ...]
    """In the order of the rounds, each with the fix that was applied."""
    remaining: tuple[Diagnostic, ...]

    @property
    def edits(self) -> Iterator[tuple[Diagnostic, Edit]]:
        """Every edit that was made, with its fault; places are those of the edit's own round."""
        for fault in self.mended:
            yield from ((fault, edit) for edit in (fault.fix.edits if fault.fix else ()))


def apply(find: Callable[[], Sequence[Diagnostic]], *, unsafe: bool = False) -> Fixed:
    """Mend what `find` reports until nothing changes; `find` reads the files anew each time.

    Raises:
        OSError: a file cannot be written.
    """
    files: dict[str, _File] = {}
    mended: list[Diagnostic] = []
    faults = tuple(find())
    for _ in range(MAX_ROUNDS):
        chosen = [fault for fault in faults if fault.fix and (fault.fix.is_safe or unsafe)]
        done = [fault for fault in chosen if _apply_one(fault, files)]
        if not done:
            break
        for file in files.values():
            file.save()
        mended += done
        faults = tuple(find())
    kept = [fault for fault in mended if not files[_file(fault)].is_back]
    return Fixed(tuple(kept), faults)


@dataclass
class _File:
    """A file while it is mended."""

    path: Path
    prefix: str
    text: str
    """Without a byte order mark."""
    seen: set[str] = field(default_factory=set)
    """Texts that it had at the start of a round."""
    edits: dict[Span, str] = field(default_factory=dict)
    """Of this round, by the span in the text at its start."""
    original: str = ""
    is_back: bool = False

    @classmethod
    def read(cls, name: str) -> _File:
        path = Path(name).resolve()  # the file behind a link changes, not the link
        text = path.read_bytes().decode("utf-8")
        prefix = _BOM if text.startswith(_BOM) else ""
        text = text.removeprefix(_BOM)
        return cls(path, prefix, text, {text}, original=text)

    def accepts(self, edits: Iterable[Edit]) -> bool:
        """Take edits into the round, if the text has their lines and would still parse."""
        lines = BREAK.split(self.text)
        wanted = dict(self.edits)
        for span, replacement in edits:
            if span.line > len(lines) or lines[span.line - 1] != span.text:
                return False  # it changed since it was read
            if wanted.setdefault(span, replacement) != replacement:
                return False
        if self.is_back or _overlap(wanted) or _brings_faults(self.text, splice(self.text, wanted)):
            return False
        self.edits = wanted
        return True

    def save(self) -> None:
        """Write the round's text; the original if the text was there before."""
        if not self.edits:
            return
        self.text, self.edits = splice(self.text, self.edits), {}
        if self.text in self.seen:
            self.text, self.is_back = self.original, True
        self.seen.add(self.text)
        _replace(self.path, (self.prefix + self.text).encode())


def _apply_one(fault: Diagnostic, files: dict[str, _File]) -> bool:
    """Take a fault's fix into the round, if it fits with those already taken."""
    assert fault.fix is not None
    name = _file(fault)
    if name not in files:
        files[name] = _File.read(name)
    return files[name].accepts(fault.fix.edits)


def _file(fault: Diagnostic) -> str:
    """The one file that a fix changes."""
    assert fault.fix is not None
    (name,) = {edit.span.file for edit in fault.fix.edits}
    return name


def _overlap(spans: Iterable[Span]) -> bool:
    ordered = sorted((s.line, s.column, s.end_column) for s in spans)
    return any(a[0] == b[0] and b[1] < a[2] for a, b in pairwise(ordered))


def splice(text: str, edits: dict[Span, str]) -> str:
    """The text with each span replaced, and every other code point as it was."""
    starts = [0, *(match.end() for match in BREAK.finditer(text))]
    for span in sorted(edits, reverse=True):
        start = starts[span.line - 1]
        head, tail = text[: start + span.column - 1], text[start + span.end_column - 1 :]
        text = head + edits[span] + tail
    return text


def _brings_faults(before: str, after: str) -> bool:
    """Whether a text has faults of YAML, such as a key twice, that it did not have before."""
    had, has = _yaml_faults(before), _yaml_faults(after)
    return not has <= had and "MRLC102" not in had  # broken YAML hides what comes after it


def _yaml_faults(text: str) -> Counter[str]:
    faults: list[Diagnostic] = []
    try:
        parse(text, as_source(text, ""), faults)
    except CompileFailed as error:
        faults += error.diagnostics
    return Counter(fault.code for fault in faults)


def _replace(path: Path, content: bytes) -> None:
    """Put new content in a file's place at once, with its permissions."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        shutil.copymode(path, draft)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
