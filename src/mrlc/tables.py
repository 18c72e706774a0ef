"""Results for people: blocks of tables and lines, on a terminal or as Markdown.

What is in a cell may come from a model: it is shown with everything invisible as an escape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

NARROW = 12
"""Columns in which a text that wraps can still be read."""
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
            if _width(block) <= console.width:
                console.print(_rich(block))
            else:
                for line in _listed(block):
                    console.print(Text(visible(line)), soft_wrap=True)
        else:
            for line in block.lines:
                console.print(Text(visible(line)), soft_wrap=True)


def _width(table: Table) -> int:
    """The least columns of a terminal in which a table can be read; texts wrap, figures do not."""
    every = zip(table.columns, *table.rows, strict=True)
    widths = [max(map(len, cells)) for cells in every]
    kept = [min(one, NARROW) if table.is_text(n) else one for n, one in enumerate(widths)]
    return sum(kept) + 3 * len(kept) + 1


def _listed(table: Table) -> Iterator[str]:
    """The rows one by one, for a terminal too narrow for a table."""
    head, *names = table.columns
    space = max(map(len, names), default=0)
    for first, *cells in table.rows:
        yield f"{head} {first}".strip()
        for name, cell in zip(names, cells, strict=True):
            yield f"  {name.ljust(space)}  {cell}" if space else f"  {cell}"


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
