"""Results for people: blocks of tables and lines, on a terminal or as Markdown.

What is in a cell may come from a model: it is shown with everything invisible as an escape.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

WIDTH = 160
"""Columns where there is no terminal to ask: a log cuts lines less badly than a table wraps."""


@dataclass(frozen=True)
class Table:
    """A title, columns and rows; the first column is text, the others are figures or `texts`."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: tuple[str, ...] = ()
    """More columns that are text."""

    def is_text(self, index: int) -> bool:
        """Whether a column begins at its left."""
        return index == 0 or self.columns[index] in self.texts


@dataclass(frozen=True)
class Lines:
    """A paragraph, line by line."""

    lines: tuple[str, ...]


Block = Table | Lines


def print_blocks(blocks: Iterable[Block], stream: TextIO) -> None:
    """Show them as a terminal can."""
    from rich.console import Console
    from rich.text import Text

    from mrlc.compiler.render.text import visible

    console = Console(file=stream, width=None if stream.isatty() else WIDTH)
    for block in blocks:
        if isinstance(block, Table):
            console.print(Text(visible(block.title)), soft_wrap=True)  # a table's own title wraps
            console.print(_rich(block))
        else:
            for line in block.lines:
                console.print(Text(visible(line)), soft_wrap=True)


def markdown(blocks: Iterable[Block]) -> str:
    """Headings, tables and lists, for a pull request or a report."""
    from mrlc.compiler.render.text import visible

    parts = []
    for block in blocks:
        if isinstance(block, Table):
            sides = ("---" if block.is_text(n) else "---:" for n in range(len(block.columns)))
            rows = [block.columns, tuple(sides), *block.rows]
            table = "\n".join(_markdown_row([visible(cell) for cell in row]) for row in rows)
            parts.append(f"### {_escaped(visible(block.title))}\n\n{table}\n")
        else:
            parts.append("".join(f"- {_escaped(visible(line.strip()))}\n" for line in block.lines))
    return "\n".join(part for part in parts if part)


def _rich(table: Table) -> object:
    from rich.table import Table as RichTable
    from rich.text import Text

    from mrlc.compiler.render.text import visible

    shown = RichTable()
    for index, column in enumerate(table.columns):
        shown.add_column(Text(visible(column)), justify="left" if table.is_text(index) else "right")
    for row in table.rows:
        shown.add_row(*(Text(visible(cell)) for cell in row))
    return shown


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    """Text that Markdown and HTML take as it is."""
    for mark in "\\`*_|[]<>":
        text = text.replace(mark, f"\\{mark}")
    return text
