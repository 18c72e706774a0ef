"""For a terminal.

desk: 1 change (incentive), against HEAD~1
  incentive   reward.components.format.weight  0.1 → 0.2
              specs/desk.yaml:32:60 → specs/desk.yaml:32:60
  reward range        0 to 1 → 0 to 1.1
  gates to pass again: those bound to reward
"""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.diff.changes import Change
from mrlc.compiler.diff.render import words
from mrlc.compiler.diff.report import Report, SpecDiff
from mrlc.compiler.render.text import visible

_TONES = {
    "instrument": "\x1b[1;31m",
    "incentive": "\x1b[1;35m",
    "behaviour": "\x1b[1;33m",
    "cost": "\x1b[1;34m",
    "proof": "\x1b[1;36m",
    "cosmetic": "\x1b[2m",
}
_YELLOW, _BOLD, _PLAIN = "\x1b[1;33m", "\x1b[1m", "\x1b[0m"


def render(report: Report, *, colour: bool = False) -> str:
    """The whole report."""
    lines: list[str] = []
    for diff in report.specs:
        lines += [*_spec(diff, report.against, colour), ""]
    lines += [_painted(_YELLOW, f"note: {note}", colour) for note in report.notes]
    if not report.specs:
        lines.append(f"no changes against {report.against}")
    elif report.unchanged:
        lines.append(words.unchanged(report.unchanged))
    return "\n".join(lines).rstrip() + "\n"


def _painted(tone: str, text: str, colour: bool) -> str:
    return f"{tone}{text}{_PLAIN}" if colour else text


def _spec(diff: SpecDiff, against: str, colour: bool) -> Iterator[str]:
    name = _painted(_BOLD, diff.name, colour)
    yield f"{name}: {words.headline(diff)}, against {visible(against)}"
    for change in diff.changes:
        yield from _change(change, colour)
    yield from (f"  {label:<18}  {text}" for label, text in words.measures(diff))
    if consequence := words.consequence(diff):
        yield f"  {consequence}"
    if diff.warning:
        yield _painted(_YELLOW, f"  warning: {diff.warning}", colour)


def _change(change: Change, colour: bool) -> Iterator[str]:
    old, new = words.values(change)
    kind = _painted(_TONES[change.kind], f"{change.kind:<10}", colour)
    yield f"  {kind}  {visible(change.path)}  {old} → {new}"
    places = words.place(change.old_at, change.old), words.place(change.new_at, change.new)
    yield f"{'':14}{places[0]} → {places[1]}"
    if change.rows:
        yield f"{'':14}{words.rows(change.rows)}"
