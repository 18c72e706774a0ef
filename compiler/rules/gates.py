"""The gates: they exist, they are left out for a reason, and they can be decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.suggest import did_you_mean
from mrlc.schemas.gates import FEWEST_ROLLOUTS, GateCode

GATES: tuple[str, ...] = get_args(GateCode)
SHORTEST_REASON = 8
"""Characters: less is a placeholder."""
TURNS = "turns: {human: 2}\n"


def _gates(text: str) -> Edit:
    return Edit(TURNS, f"{TURNS}gates: {text}\n")


@rule(
    "MRLC605",
    "unknown-gate",
    bad=(_gates('{waive: {V9: "the base is a stub"}}'),),
    good=(_gates('{waive: {V2: "the base is a stub"}}'),),
)
def waived_gates_exist(subject: Subject) -> Iterator[Finding]:
    """`waive` names a gate that does not exist.

    The gate that was meant is not waived, and the run will still ask for it.

    `mrlc gate` lists the gates with their codes.
    """
    for code in subject.experiment.gates.waive:
        if code not in GATES:
            help = did_you_mean(code, GATES) or f"the gates are {', '.join(GATES)}"
            path = f"gates.waive.{code}"
            yield Finding(path, f"there is no gate `{code}`", help=help, at=subject.name(path))


@rule(
    "MRLC606",
    "waiver-without-reason",
    bad=(_gates('{waive: {V2: ""}}'),),
    good=(_gates('{waive: {V2: "the base is a stub, used to try the environment"}}'),),
)
def waivers_have_reasons(subject: Subject) -> Iterator[Finding]:
    """A gate is waived and nobody says why.

    A waiver spends GPU money without the proof that a gate stands for. The reason is what a
    reviewer agrees to.

    Write it in a few words.
    """
    for code, reason in subject.experiment.gates.waive.items():
        if code in GATES and len(reason.strip()) < SHORTEST_REASON:  # else it is unknown
            words = reason.strip()
            said = f"`{words}` is no reason to waive `{code}`"
            message = said if words else f"`{code}` is waived without a reason"
            help = f'{code}: "why a run may start without this proof"'
            yield Finding(f"gates.waive.{code}", message, help=help)


@rule(
    "MRLC608",
    "samples-below-group",
    bad=(_gates("{samples: 2}"),),
    good=(_gates("{samples: 8}"),),
)
def samples_fill_a_group(subject: Subject) -> Iterator[Finding]:
    """`gates.samples` is smaller than the groups that are trained on.

    R3 asks how many groups of `algorithm.group_size` episodes would teach something. Fewer
    samples of a task than that say nothing about such a group.

    Leave `samples` out, or make it a multiple of the group size.
    """
    samples, group = subject.experiment.gates.samples, subject.experiment.algorithm.group_size
    if samples is not None and samples < group:
        message = f"{samples} samples of a task are no group of {group}"
        label = Label(subject.value("algorithm.group_size"), "the groups that are trained on")
        yield Finding("gates.samples", message, "", (label,), f"leave it out, or give {group}")


@rule(
    "MRLC609",
    "too-few-rollouts",
    severity="warning",
    bad=(_gates("{rollouts: 40}"),),
    good=(_gates("{rollouts: 93}"),),
)
def rollouts_can_decide(subject: Subject) -> Iterator[Finding]:
    """No outcome of so few rollouts can pass T2 and R4.

    They show, with 95% confidence, that something happens in less than 5% of rollouts. That
    takes 59 rollouts without one such case, 93 with one, 124 with two.

    Ask for 93 or more, or waive both gates with a reason.
    """
    gates = subject.experiment.gates
    is_asked = not {"T2", "R4"} <= gates.waive.keys()
    if is_asked and gates.rollouts < FEWEST_ROLLOUTS:
        message = f"{gates.rollouts} rollouts can never show a rate below 5%"
        yield Finding("gates.rollouts", message, help=f"{FEWEST_ROLLOUTS} can, if all go well")
