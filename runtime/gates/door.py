"""The lock on the door: a run starts when every gate is passed, and still is, or is waived.

Whatever spends time on a plan asks here first: `mrlc run`, and what submits plans elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from mrlc.runtime.gates.evidence import moved, read_evidence
from mrlc.runtime.gates.gate import GATES, PASS, Gate
from mrlc.schemas import Plan
from mrlc.schemas.evidence import Shown
from mrlc.schemas.gates import GateCode


@dataclass(frozen=True)
class Refusal:
    """A gate that keeps the door shut."""

    code: GateCode
    name: str
    why: str


class DoorShut(Exception):
    """A plan has not earned its run."""

    def __init__(self, experiment: str, refusals: Sequence[Refusal], *, command: str) -> None:
        super().__init__(f"{experiment}: {', '.join(one.code for one in refusals)}")
        self.experiment = experiment
        self.refusals = tuple(refusals)
        self.command = command
        """What would earn the gates that are not earned."""


def open_door(plan: Plan, plan_folder: Path, evidence: Path) -> None:
    """Let a plan through.

    Raises:
        DoorShut: gates are not earned; with each of them.
        PlanBroken: the evidence cannot be read.
    """
    found = list(refusals(plan, evidence))
    if found:
        codes = ",".join(one.code for one in found)
        only = "" if len(found) == len(asked(plan)) else f" --only {codes}"
        command = f"mrlc gate {plan_folder}{only}"
        raise DoorShut(plan.experiment.name, found, command=command)


def refusals(plan: Plan, evidence: Path) -> Iterator[Refusal]:
    """The gates that a plan has not earned, in order; `evidence` is the folder of the files."""
    known = read_evidence(plan, evidence).gates
    for gate in asked(plan):
        why = _why(gate, known.get(gate.code), plan)
        if why is not None:
            yield Refusal(gate.code, gate.name, why)


def asked(plan: Plan) -> list[Gate]:
    """The gates that a plan must pass: all but those waived or not asked of it."""
    waived = plan.experiment.gates.waive
    return [gate for gate in every() if gate.code not in waived and gate.is_asked(plan.experiment)]


def every() -> list[Gate]:
    """All gates in order."""
    return [GATES.kinds[code] for code in get_args(GateCode)]


def _why(gate: Gate, evidence: Shown | None, plan: Plan) -> str | None:
    if evidence is None:
        return "no evidence yet"
    if parts := moved(gate, evidence, plan):
        return f"stale: {', '.join(parts)} changed since"
    if evidence.verdict != PASS:
        return f"{evidence.verdict}: {evidence.said}"
    return None
