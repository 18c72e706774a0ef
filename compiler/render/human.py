"""For people: each fault with the line it is in, carets, and what to write instead.

error[MRLC204]: unknown key `group_sze`
  --> specs/refund-desk.yaml:52:31
   |
52 | algorithm: {kind: grpo, group_sze: 8}
   |                         ^^^^^^^^^ not a field of `algorithm`
   = help: did you mean `group_size`?  (fix available: mrlc check --fix)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from mrlc.compiler.diagnostics import Diagnostic, Span
from mrlc.compiler.render.text import advice, shown_file, visible, width

PER_FILE = 50
"""Faults shown of one file; the rest is counted."""
PER_KIND = 5
"""Of these with one code and about one value: a slip in a generator is in every row it wrote."""
LINE = 100
"""Code points shown of a long line, around the span."""

_RED, _YELLOW, _BLUE, _BOLD, _PLAIN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"


def render(diagnostics: Sequence[Diagnostic], *, base: Path, colour: bool = False) -> str:
    """The diagnostics, a blank line after each; file names relative to `base`."""
    painter = _Painter(base, colour)
    blocks = []
    for _, group in groupby(diagnostics, key=lambda fault: fault.span.file):
        faults = list(group)
        shown = _shown(faults)
        blocks += [painter.diagnostic(fault) for fault in shown]
        if hidden := Counter(fault.code for fault in faults) - Counter(one.code for one in shown):
            file = shown_file(faults[0].span.file, base)
            kinds = ", ".join(f"{count:,} {code}" for code, count in sorted(hidden.items()))
            blocks.append([f"… and {hidden.total():,} more in {file}: {kinds}"])
    return "".join("\n".join(block) + "\n\n" for block in blocks)


def _shown(faults: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The first of each kind, in order."""
    seen = Counter[tuple[str, str]]()
    found: list[Diagnostic] = []
    for fault in faults:
        kind = (fault.code, fault.path)
        seen[kind] += 1
        if seen[kind] <= PER_KIND and len(found) < PER_FILE:
            found.append(fault)
    return found


class _Painter:
    def __init__(self, base: Path, colour: bool) -> None:
        self.base = base
        self.colour = colour

    def paint(self, style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if self.colour and text else text

    def diagnostic(self, fault: Diagnostic) -> list[str]:
        tone = _RED if fault.severity == "error" else _YELLOW
        lines = [fault.span.line, *(label.span.line for label in fault.labels)]
        gutter = " " * len(str(max(lines)))
        head = self.paint(tone, f"{fault.severity}[{fault.code}]")
        out = [head + self.paint(_BOLD, f": {visible(fault.message)}")]
        out += self.snippet(fault.span, fault.label, gutter, tone, primary=True)
        for label in fault.labels:
            out += self.snippet(label.span, label.text, gutter, _BLUE, primary=False)
        if words := advice(fault):
            out.append(f"{gutter} {self.paint(_BLUE, '=')} help: {words}")
        return out

    def snippet(
        self, span: Span, label: str, gutter: str, tone: str, *, primary: bool
    ) -> Iterator[str]:
        """The place of a span, its line, and the marks under it."""
        arrow = self.paint(_BLUE, "-->" if primary else ":::")
        place = f"{shown_file(span.file, self.base)}:{span.line}:{span.column}"
        if not span.text.strip():
            yield f"{gutter}{arrow} {place}" + (f"  ({visible(label)})" if label else "")
            return
        bar = self.paint(_BLUE, "|")
        number = self.paint(_BLUE, f"{span.line:>{len(gutter)}}")
        before, marked, after = _cut(span)
        marks = ("^" if primary else "-") * max(1, width(marked))
        words = f"{marks} {visible(label)}" if label else marks
        yield f"{gutter}{arrow} {place}"
        yield f"{gutter} {bar}"
        yield f"{number} {bar} {before}{marked}{after}".rstrip()
        yield f"{gutter} {bar} {' ' * width(before)}{self.paint(tone, words)}"


def _cut(span: Span) -> tuple[str, str, str]:
    """The visible line before, in and after a span, without the far ends of a long line."""
    start, end = span.column - 1, min(span.last_column - 1, len(span.text))
    first = max(0, start - LINE // 2) if len(span.text) > LINE else 0
    last = max(first + LINE, min(end, start + LINE))
    end = min(end, last)
    before = ("…" if first else "") + visible(span.text[first:start])
    after = visible(span.text[end:last]) + ("…" if last < len(span.text) else "")
    return before, visible(span.text[start:end]), after
