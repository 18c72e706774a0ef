"""Running gates: one after another, each verdict reported as it comes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from mrlc.runtime.gates.case import Case
from mrlc.runtime.gates.door import every
from mrlc.runtime.gates.evidence import shown
from mrlc.runtime.gates.gate import PASS, Gate
from mrlc.schemas.evidence import Shown, Verdict
from mrlc.schemas.gates import GateCode

Outcome = Verdict | Literal["waived", "not asked"]


@dataclass(frozen=True)
class Result:
    """What came of one gate."""

    code: GateCode
    name: str
    outcome: Outcome
    said: str
    evidence: Shown | None = None
    """None for a gate that was not run."""

    @property
    def is_through(self) -> bool:
        """Whether it keeps no run back."""
        return self.outcome in (PASS, "waived", "not asked")


@dataclass(frozen=True)
class Report:
    """What came of the gates of one plan."""

    experiment: str
    results: tuple[Result, ...]

    @property
    def is_through(self) -> bool:
        """Whether all gates that were run are passed, waived or not asked."""
        return all(result.is_through for result in self.results)


def earn(
    case: Case, only: Collection[GateCode] = (), *, on_result: Callable[[Result], None]
) -> Report:
    """Run the gates of a plan, or those named.

    Raises:
        PlanFault: a gate cannot look at all: the model does not load, the user's code fails.
    """
    results = []
    for gate in every():
        if not only or gate.code in only:
            results.append(_result(gate, case))
            on_result(results[-1])
    return Report(case.experiment.name, tuple(results))


def _result(gate: Gate, case: Case) -> Result:
    reason = case.experiment.gates.waive.get(gate.code)
    if reason is not None:
        return Result(gate.code, gate.name, "waived", reason)
    if not gate.is_asked(case.experiment):
        return Result(gate.code, gate.name, "not asked", "the spec names nothing to ask it of")
    found = shown(gate, gate.check(case), case.plan)
    return Result(gate.code, gate.name, found.verdict, found.said, found)
