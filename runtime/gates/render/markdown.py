"""For a pull request's comment; the words of models and tools stand in code spans or fences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mrlc.runtime.gates.earn import Report, Result
from mrlc.runtime.gates.render.human import failures, printable, tally

MARKER = "<!-- mrlc-gate -->"
LIMIT = 60_000
"""UTF-8 bytes of a comment; GitHub takes 65,536 characters."""
_MARKS = {
    "pass": "✅",
    "fail": "❌",
    "insufficient evidence": "⚠️",
    "waived": "➖",
    "not asked": "·",
}


def render(reports: Sequence[Report]) -> str:
    """The comment."""
    text = f"{MARKER}\n### mrlc gate\n"
    for index, report in enumerate(reports):
        block = _report(report)
        if len((text + block).encode()) > LIMIT:
            return f"{text}\n… and {len(reports) - index} more experiments.\n"
        text += block
    return text


def _report(report: Report) -> str:
    rows = "".join(map(_row, report.results))
    head = f"\n**{report.experiment}**: {tally(report)}\n\n| | gate | found |\n|---|---|---|\n"
    details = "".join(_details(one) for one in report.results if not one.is_through)
    return head + rows + details


def _row(result: Result) -> str:
    gate = f"{result.code} {result.name}"
    return f"| {_MARKS[result.outcome]} {result.outcome} | {gate} | {_code(result.said)} |\n"


def _details(result: Result) -> str:
    lines = failures(result)
    if not lines:
        return ""
    inner = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", inner)), default=0))
    summary = f"<details><summary>{result.code} {result.name}</summary>"
    return f"\n{summary}\n\n{fence}\n{inner}\n{fence}\n\n</details>\n"


def _code(text: str) -> str:
    inner = printable(text).replace("|", "\\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", inner)), default=0))
    pad = " " if len(fence) > 1 else ""
    return f"{fence}{pad}{inner}{pad}{fence}"
