"""Spec to plan: the passes in order, and what comes out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Label, Span, fail_on, ordered
from mrlc.compiler.files import InputFile
from mrlc.compiler.fingerprint import fingerprint
from mrlc.compiler.inputs import Inputs, collect
from mrlc.compiler.provenance import provenance
from mrlc.compiler.resolve import Merged, merge
from mrlc.compiler.rules import run
from mrlc.compiler.salvage import salvage
from mrlc.compiler.subject import Subject
from mrlc.compiler.tree import value_span
from mrlc.compiler.validate import validate
from mrlc.compiler.variables import Evaluated
from mrlc.schemas import Experiment, Plan
from mrlc.schemas.plan import Input, Provenance


@dataclass(frozen=True)
class Compiled:
    """A plan, where its values come from, and the files that it carries."""

    plan: Plan
    provenance: Provenance
    inputs: dict[str, InputFile]
    """By the key that the plan uses."""
    tasks: dict[str, int]
    """Tasks by split."""
    name_span: Span
    """Where the experiment's name is written."""
    warnings: tuple[Diagnostic, ...] = ()
    """What may be a mistake, sorted."""

    @property
    def name(self) -> str:
        """The experiment's."""
        return self.plan.experiment.name


def compile_spec(path: Path, *, overrides: Sequence[str] = ()) -> Compiled:
    """The plan of a spec, its sweep left aside. Reads files, writes none.

    Raises:
        CompileFailed: with every fault that was found.
    """
    return plan_of(merge(path, overrides))


def plan_of(merged: Merged) -> Compiled:
    """The plan of a merged spec, its sweep left aside.

    Raises:
        CompileFailed: with every fault that was found.
    """
    resolved = merged.resolved()
    inputs = collect(resolved)
    experiment = valid(inputs, resolved.evaluated, run)
    subject = Subject(experiment, inputs.tree, inputs.files)
    found = [*merged.warnings, *run(subject)]
    fail_on(found)
    carried = {key: carried_input(file) for key, file in inputs.files.items()}
    written = experiment.model_dump(mode="json", by_alias=True)
    digests = fingerprint(written, carried)
    plan = Plan(format="mrlc.plan/1", experiment=experiment, inputs=carried, digests=digests)
    tasks = {split: len(table.rows) for split, table in subject.splits()}
    span = value_span(inputs.tree, ("name",))
    return Compiled(plan, provenance(resolved), inputs.files, tasks, span, ordered(found))


def valid(
    inputs: Inputs, evaluated: Evaluated, run: Callable[[Subject], list[Diagnostic]]
) -> Experiment:
    """The experiment that a tree describes; `run` applies the rules.

    Raises:
        CompileFailed: with the faults of text, expressions, shape and files, and with what the
            rules say of the rest.
    """
    faults: list[Diagnostic] = list(inputs.faults)
    try:
        experiment = validate(inputs.tree)
    except CompileFailed as error:
        faults += error.diagnostics
    gaps = {*evaluated.unevaluated, *(fault.path for fault in faults)}
    # What an expression would have given is not known, nor what a broken text was meant to be:
    # such a scalar is at fault once, for that.
    said = {fault.span for fault in evaluated.faults}
    faults = [
        fault
        for fault in faults
        if fault.path not in evaluated.unevaluated and fault.span not in said
    ]
    faults = [*evaluated.faults, *faults]
    if any(fault.severity == "error" for fault in faults):
        rest = Subject(salvage(inputs.tree, gaps), inputs.tree, inputs.files)
        raise CompileFailed([*faults, *run(rest)])
    return experiment


def carried_input(file: InputFile) -> Input:
    """What the plan says of a file."""
    size = len(file.content) if "content" in file.__dict__ else file.path.stat().st_size
    return Input(sha256=file.sha256, size=size)


class Named(Protocol):
    """What has a folder of its own: a plan or a sweep."""

    @property
    def name(self) -> str:
        """Of the experiment, and so of the folder."""

    @property
    def name_span(self) -> Span:
        """Where the name is written."""


def same_name(plans: Iterable[Named]) -> list[Diagnostic]:
    """Plans that would lie in the same folder."""
    first: dict[str, Named] = {}
    faults = []
    for plan in plans:
        other = first.setdefault(plan.name, plan)
        if other is not plan:
            label = Label(other.name_span, "first used here")
            message = f"two specs are called `{plan.name}`"
            faults.append(Diagnostic("MRLC334", message, plan.name_span, "", (label,), path="name"))
    return faults
