"""The files that a spec names: read once, so that checks and digests see the same bytes.

Tables are JSONL or CSV. A row knows its line, so that a fault in the data is shown in the
data. CSV cells are text.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mrlc.compiler.diagnostics import Diagnostic, Span

MAX_FAULTS = 1000
"""Bad rows reported of one file; one that has more is not what its name says."""
MAX_SHOWN = 1 << 16
"""Bytes of a line that is shown: what is not UTF-8 may have no lines at all."""
SAVE_AS_UTF8 = "save the file as UTF-8"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Row:
    """A row of a table."""

    values: dict[str, Any]
    file: str
    line: int
    text: str = field(repr=False)

    @property
    def span(self) -> Span:
        """The whole line."""
        return Span(self.file, self.line, 1, self.line, len(self.text) + 1, self.text)

    def cell(self, value: str) -> Span:
        """The first place in the line where a value stands; the line where it is not literal."""
        column = self.text.find(value) + 1 if value else 0
        if column == 0:
            return self.span
        return Span(self.file, self.line, column, self.line, column + len(value), self.text)


@dataclass(frozen=True)
class Table:
    """The rows of a file that can be read, and a fault for each that cannot."""

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    """The header of a CSV file; of JSONL, every key of any row, in order of appearance."""
    faults: tuple[Diagnostic, ...]
    head: Span
    """The first line."""


@dataclass(frozen=True)
class InputFile:
    """A file that the plan carries."""

    key: str
    """Relative to the root, with forward slashes; its name in the plan."""
    path: Path

    @cached_property
    def content(self) -> bytes:
        """Its bytes, read once."""
        return self.path.read_bytes()

    @cached_property
    def text(self) -> str:
        """Its text; bytes that are not UTF-8 are reported by `encoding_fault`."""
        return self.content.decode("utf-8-sig", errors="replace")

    @cached_property
    def module(self) -> ast.Module | Exception:
        """Its syntax tree as Python, or why there is none; nothing is run."""
        try:
            return ast.parse(self.content, filename=self.key)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return error

    @cached_property
    def sha256(self) -> str:
        """The digest of its bytes; a large file is not kept in memory for it."""
        if "content" in self.__dict__:
            return hashlib.sha256(self.content).hexdigest()
        return file_digest(self.path)

    @cached_property
    def table(self) -> Table:
        """Its rows."""
        fault = self.encoding_fault()
        if fault is not None:
            return Table((), (), (fault,), fault.span)
        return _jsonl(self) if self.path.suffix == ".jsonl" else _csv(self)

    def encoding_fault(self) -> Diagnostic | None:
        """The first byte that is not UTF-8."""
        try:
            self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return Diagnostic(
                "MRLC320", not_utf8(error), self._span_of_byte(error), help=SAVE_AS_UTF8
            )
        return None

    def _span_of_byte(self, error: UnicodeDecodeError) -> Span:
        """Where the text ends that can be read; every byte behind it that cannot is shown as one."""
        before = error.object[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        first = error.object.rfind(b"\n", 0, error.start) + 1
        text = error.object[first:].partition(b"\n")[0].rstrip(b"\r")
        shown = text.decode("utf-8", "replace") if len(text) <= MAX_SHOWN else ""
        return Span(str(self.path), line, column, line, column + 1, shown)


def not_utf8(error: UnicodeDecodeError) -> str:
    """What is wrong with a file that is not text as mrlc reads it."""
    if error.object.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "the file is UTF-16, not UTF-8"
    return f"the file is not UTF-8: byte 0x{error.object[error.start]:02x}"


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def share(first: Path, copy: Path) -> None:
    """Have a file at a second place, as a link where that can be."""
    try:
        os.link(first, copy)
    except OSError:  # a file system without hard links, or with too many of them
        shutil.copyfile(first, copy)


def _lines(text: str) -> list[str]:
    """Lines as editors count them; the empty one after a final newline is none."""
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _jsonl(file: InputFile) -> Table:
    rows, faults, columns = list[Row](), list[Diagnostic](), dict[str, None]()
    lines = _lines(file.text)
    name = str(file.path)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(faults) == MAX_FAULTS:
            faults.append(_too_many(name, number, line))
            break
        try:
            value = json.loads(line, parse_constant=_refuse, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            column = error.colno if isinstance(error, json.JSONDecodeError) else 1
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            reason = reason[:1].lower() + reason[1:]
            faults.append(_bad_row(f"not JSON: {reason}", name, number, column, line))
            continue
        if not isinstance(value, dict):
            faults.append(_bad_row("a row is a JSON object", name, number, 1, line))
            continue
        columns.update(dict.fromkeys(value))
        rows.append(Row(value, name, number, line))
    return Table(tuple(rows), tuple(columns), tuple(faults), _head(name, lines))


def is_json(text: str) -> bool:
    """Whether a text is one JSON document, each key once."""
    try:
        json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a JSON value")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key `{twice}` is there twice")
    return found


def _csv(file: InputFile) -> Table:
    rows: list[Row] = []
    faults: list[Diagnostic] = []
    name = str(file.path)
    lines = _lines(file.text)
    records = _records(file.text, name, lines, faults)
    _, header = next(records, (1, []))
    if len(set(header)) < len(header) or "" in header:
        wrong = next(name for name in header if not name or header.count(name) > 1)
        message = f"the column `{wrong}` is there twice" if wrong else "a column has no name"
        faults.append(_bad_row(message, name, 1, 1, lines[0]))
    for line, cells in records:
        text = lines[line - 1] if line <= len(lines) else ""
        if len(faults) == MAX_FAULTS:
            faults.append(_too_many(name, line, text))
            break
        if len(cells) != len(header):
            message = f"{len(cells)} cells, but the header has {len(header)} columns"
            faults.append(_bad_row(message, name, line, 1, text))
            continue
        rows.append(Row(dict(zip(header, cells, strict=True)), name, line, text))
    return Table(tuple(rows), tuple(header), tuple(faults), _head(name, lines))


def _records(
    text: str, name: str, lines: list[str], faults: list[Diagnostic]
) -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV text with the line each begins on; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            if cells:
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        line = lines[start - 1] if start <= len(lines) else ""
        faults.append(_bad_row(f"not CSV: {error}", name, start, 1, line))


def _too_many(file: str, line: int, text: str) -> Diagnostic:
    return _bad_row(
        f"{MAX_FAULTS:,} bad rows before this one; the rest is not read", file, line, 1, text
    )


def _bad_row(message: str, file: str, line: int, column: int, text: str) -> Diagnostic:
    end = len(text) + 1 if column == 1 else column + 1
    return Diagnostic("MRLC320", message, Span(file, line, column, line, end, text))


def _head(file: str, lines: list[str]) -> Span:
    text = lines[0] if lines else ""
    return Span(file, 1, 1, 1, len(text) + 1, text)
