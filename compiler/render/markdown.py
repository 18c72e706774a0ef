"""For pull-request comments: a table of the faults, and each in full below a fold.

GitHub takes comments of at most 65,536 characters, so both parts end early where there are many
faults. What a spec says is untrusted: outside of code spans, markup, mentions and HTML are shown
as they are written and do nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.render import human
from mrlc.compiler.render.text import advice, shown_file, tally, visible

ROWS = 50
"""Faults in the table."""
DETAILS = 30_000
"""Code points of the part below the fold."""
CELL = 300
"""Code points of a cell."""

_MARKUP = re.compile(r"[\\*_\[\]<>&@#~|!]")


def render(diagnostics: Sequence[Diagnostic], *, base: Path) -> str:
    """The diagnostics; file names relative to `base`."""
    if not diagnostics:
        return "**mrlc check**: no faults\n"
    rows = [_row(fault, base) for fault in diagnostics[:ROWS]]
    rest = len(diagnostics) - len(rows)
    more = [f"\n… and {rest} more."] if rest else []
    head = ["| | place | fault | mend |", "|---|---|---|---|"]
    lines = [f"**mrlc check**: {tally(diagnostics)}", "", *head, *rows, *more]
    return "\n".join([*lines, "", *_details(diagnostics, base)]) + "\n"


def _row(fault: Diagnostic, base: Path) -> str:
    place = f"{shown_file(fault.span.file, base)}:{fault.span.line}:{fault.span.column}"
    said = [visible(fault.message), visible(fault.label)]
    what = _cell(": ".join(part for part in said if part))
    return f"| {fault.severity} {fault.code} | {_code(place)} | {what} | {_cell(advice(fault))} |"


def _cell(text: str) -> str:
    """Text for a table: code spans stay, all other markup is shown."""
    short = text if len(text) <= CELL else text[: CELL - 1] + "…"
    pieces = short.split("`")
    if len(pieces) % 2 == 0:  # a backtick without its partner
        return _escaped(short.replace("`", "'"))
    return "".join(
        _code(piece) if index % 2 else _escaped(piece) for index, piece in enumerate(pieces)
    )


def _code(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|').replace('`', chr(39))}`" if text else ""


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda match: f"&#{ord(match.group())};", text)


def _details(diagnostics: Sequence[Diagnostic], base: Path) -> list[str]:
    """As many whole faults as there is room for, in a fence that nothing in them can close."""
    blocks, room = list[str](), DETAILS
    for fault in diagnostics:
        block = human.render([fault], base=base)
        room -= len(block)
        if room < 0:
            break
        blocks.append(block)
    text = "".join(blocks).rstrip("\n")
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return ["<details><summary>Details</summary>", "", fence, text, fence, "", "</details>"]
