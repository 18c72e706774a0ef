"""For a pull request's comment.

The first line is a hidden marker, by which a later run finds the comment and replaces it.
GitHub refuses a comment of more than 65,536 characters, so what does not fit is counted.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from mrlc.compiler.diff.changes import Change
from mrlc.compiler.diff.render import words
from mrlc.compiler.diff.report import Report, SpecDiff
from mrlc.compiler.render.text import visible

MARKER = "<!-- mrlc-plan -->"
LIMIT = 60_000
"""UTF-8 bytes of a comment: never more characters than that, and room for the caller's words."""
ROWS = 60
"""Changes shown of one spec."""

_HEAD = "| class | what | old | new | where |\n|---|---|---|---|---|\n"


def render(report: Report) -> str:
    """The comment."""
    title = f"{MARKER}\n### mrlc plan against {code(report.against)}\n\n"
    if not report.specs:
        return title + "No spec changes what it does or is called.\n" + _notes(report)
    tail = _notes(report) + (
        f"\n{words.unchanged(report.unchanged)}.\n" if report.unchanged else ""
    )
    text, room = title, LIMIT - len((title + tail).encode()) - 100
    for index, diff in enumerate(report.specs):
        block = _spec(diff)
        room -= len(block.encode())
        if room < 0:
            text += f"\n… and {len(report.specs) - index} more specs that change.\n"
            break
        text += block
    return text + tail


def faults(lines: Sequence[str]) -> str:
    """The comment where the specs have faults and there is nothing to compare."""
    count = f"{len(lines)} fault{'' if len(lines) == 1 else 's'}"
    text = f"{MARKER}\n### mrlc plan\n\nThe specs do not compile: {count}.\n\n"
    for index, line in enumerate(lines):
        if len((text + line).encode()) > LIMIT:
            return f"{text}- … and {len(lines) - index} more\n"
        text += f"- {code(line)}\n"
    return text


def code(text: str) -> str:
    """Inline code that also holds in a table, whatever the text has in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    inner = visible(text).replace("|", "\\|") or " "
    pad = " " if longest else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


def _notes(report: Report) -> str:
    return "".join(f"\n> {code(note)}\n" for note in report.notes)


def _spec(diff: SpecDiff) -> str:
    summary = html.escape(f"{diff.name}: {words.headline(diff)}")
    text = f"<details open><summary><b>{summary}</b></summary>\n\n"
    if diff.changes:
        text += _HEAD + "".join(_row(change) for change in diff.changes[:ROWS])
        if (more := len(diff.changes) - ROWS) > 0:
            text += f"\n… and {more} more changes.\n"
        text += "\n"
    text += "".join(f"- {label}: {value}\n" for label, value in words.measures(diff))
    if consequence := words.consequence(diff):
        text += f"- **{consequence}**\n"
    if diff.warning:
        text += f"\n> ⚠️ {diff.warning}\n"
    return text + "\n</details>\n\n"


def _row(change: Change) -> str:
    old, new = words.values(change)
    where = [
        words.place(at, value)
        for at, value in ((change.old_at, change.old), (change.new_at, change.new))
    ]
    place = " → ".join(code(text) for text in dict.fromkeys(where))
    cells = [change.kind, code(words.short(change.path)), code(old), code(new), place]
    if change.rows:
        cells[-1] += f"<br>{code(words.rows(change.rows))}"
    return f"| {' | '.join(cells)} |\n"
