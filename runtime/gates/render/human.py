"""For a terminal.

quickstart: 9 passed, 1 waived, 1 failed
  pass                   E1      12 scripts with 24 calls, three times the same
  fail                   T3      20 of 128 spend all their turns without an answer
                                 train-4978: …
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mrlc.runtime.gates.earn import Report, Result
from mrlc.schemas.evidence import Offender, Shown

_TONES = {"pass": "\x1b[32m", "fail": "\x1b[1;31m", "insufficient evidence": "\x1b[1;33m"}
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_INDENT = " " * 33
LISTED = 2
"""Offenders shown of a gate; the file holds more."""


def render(reports: Sequence[Report], *, colour: bool = False) -> str:
    """All reports."""
    return "\n".join("".join(f"{line}\n" for line in _report(one, colour)) for one in reports)


def _report(report: Report, colour: bool) -> Iterator[str]:
    yield f"{report.experiment}: {tally(report)}"
    for result in report.results:
        tone = _TONES.get(result.outcome, _DIM) if colour else ""
        outcome = f"{tone}{result.outcome:<21}{_PLAIN if colour else ''}"
        yield f"  {outcome}  {result.code:<6}  {printable(result.said)}"
        if result.evidence is not None and not result.is_through:
            yield from (f"{_INDENT}{line}" for line in _more(result.evidence))
        if result.evidence is not None:
            yield from (f"{_INDENT}{line}" for line in _signal(result.evidence))


def tally(report: Report) -> str:
    """`9 pass, 1 waived, 1 fail`."""
    counts = Counter(result.outcome for result in report.results)
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def decides(evidence: Shown) -> str:
    """How many rollouts would decide; empty where none would."""
    return f"{evidence.decides_at:,} rollouts would decide" if evidence.decides_at else ""


def printable(text: str) -> str:
    """Text of models and tools, harmless to a terminal."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def failures(result: Result) -> list[str]:
    """The lines below a gate that is not passed."""
    return [] if result.evidence is None else list(_more(result.evidence))


def _more(evidence: Shown) -> Iterator[str]:
    if more := decides(evidence):
        yield more
    if evidence.help:
        yield f"help: {printable(evidence.help)}"
    for offender in evidence.offenders[:LISTED]:
        yield from _offender(offender)


def _offender(offender: Offender) -> Iterator[str]:
    paid = [] if offender.reward is None else [f"reward {offender.reward:g}"]
    paid += [f"{name} {value:g}" for name, value in offender.components.items()]
    paid += [] if offender.evaluation is None else [f"evaluation {offender.evaluation:g}"]
    tail = f"  ({', '.join(paid)})" if paid else ""
    yield printable(f"task {offender.task}, member {offender.member}: {offender.why}{tail}")
    yield from (printable(f"  {number}. {turn}") for number, turn in enumerate(offender.turns, 1))


def _signal(evidence: Shown) -> Iterator[str]:
    for size, here in evidence.numbers.get("signal", {}).items():
        share, each = here["informative"], here["per_1024"]
        yield f"group size {size:>2}: {share:>6.1%} informative, {each:g} in 1,024 rollouts"
