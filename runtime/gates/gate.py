"""A gate, and what it finds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mrlc.runtime.registry import Registry
from mrlc.schemas import Experiment
from mrlc.schemas.evidence import Offender, Verdict
from mrlc.schemas.gates import GateCode

if TYPE_CHECKING:
    from mrlc.runtime.gates.case import Case

PASS: Verdict = "pass"
FAIL: Verdict = "fail"
INSUFFICIENT: Verdict = "insufficient evidence"
OFFENDERS = 5
"""Kept of each gate: enough to see the pattern, and the file stays small."""


@dataclass(frozen=True)
class Finding:
    """What a check has found."""

    verdict: Verdict
    said: str
    """One sentence with the figures that decide."""
    help: str | None = None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    decides_at: int | None = None
    offenders: Sequence[Offender] = ()


Check = Callable[["Case"], Finding]


@dataclass(frozen=True)
class Gate:
    """A check with all that is known of it before it is run."""

    code: GateCode
    name: str
    """In words, for people and JUnit."""
    bound: tuple[str, ...]
    """Parts of the plan, of `PARTS`: its evidence is stale when the digest of one changes."""
    page: str
    """Why it is asked and what to do, for `mrlc explain`."""
    check: Check
    is_asked: Callable[[Experiment], bool]
    kind: Literal["scripted", "statistical"]


GATES: Registry[Gate] = Registry("mrlc.runtime.gates.checks")
"""By code."""


def gate(
    code: GateCode,
    name: str,
    *,
    bound: tuple[str, ...],
    kind: Literal["scripted", "statistical"],
    is_asked: Callable[[Experiment], bool] = lambda experiment: True,
) -> Callable[[Check], Check]:
    """Register a check; its docstring is its page."""

    def registered(check: Check) -> Check:
        page = inspect.getdoc(check) or name
        GATES.register(code)(Gate(code, name, bound, page, check, is_asked, kind))
        return check

    return registered
