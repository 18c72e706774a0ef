"""A swept spec to the plans of its variants: parsed once, overlaid, each validated whole.

A variant's plan is kept as its bytes: 10,000 plans as objects would fill the memory.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Span, fail_on, ordered
from mrlc.compiler.files import InputFile
from mrlc.compiler.inputs import Inputs
from mrlc.compiler.plan import Compiled, carried_input, plan_of, valid
from mrlc.compiler.resolve import Merged, merge
from mrlc.compiler.subject import Subject
from mrlc.compiler.sweep.axes import read
from mrlc.compiler.sweep.base import Base, Changes, Overlaid
from mrlc.compiler.sweep.collapse import Collapsed
from mrlc.compiler.sweep.expand import Left, Variant, expand
from mrlc.compiler.sweep.memo import Memo
from mrlc.compiler.sweep.naming import MAX_NAME
from mrlc.compiler.sweep.sections import Sections
from mrlc.compiler.tree import Node, Scalar, children, find, name_span, value_span
from mrlc.schemas import Experiment, Plan
from mrlc.schemas.plan import Digests, Input

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


@dataclass(frozen=True)
class CompiledVariant:
    """The plan of one variant."""

    variant: Variant
    digests: Digests
    content: bytes
    """`plan.json`."""
    inputs: tuple[str, ...]
    """Keys of the files that it carries."""
    changes: Changes
    """How its tree differs from the base's."""

    @property
    def plan(self) -> Plan:
        """The plan, read from its bytes."""
        return Plan.model_validate_json(self.content)


@dataclass(frozen=True)
class Swept:
    """A spec with a sweep, compiled."""

    name: str
    name_span: Span
    variants: tuple[CompiledVariant, ...]
    left: tuple[Left, ...]
    inputs: dict[str, InputFile]
    """Every file that a variant carries, by its key."""
    carried: dict[str, Input]
    tasks: dict[str, int]
    """Tasks by split, of the first variant."""
    base: Base
    warnings: tuple[Diagnostic, ...]
    """What may be a mistake, each said once, sorted."""


def compile_variants(path: Path, *, overrides: Sequence[str] = ()) -> Compiled | Swept:
    """The plan of a spec or, where it has a sweep, those of all its variants. Writes no files.

    Raises:
        CompileFailed: with every fault that was found in any variant.
    """
    merged = merge(path, overrides)
    if "sweep" not in merged.tree.entries:
        return plan_of(merged)
    try:
        return _sweep(merged).compiled()
    except CompileFailed as error:
        raise CompileFailed([*merged.warnings, *error.diagnostics]) from None


def _sweep(merged: Merged) -> _Sweep:
    """The sweep of a spec.

    Raises:
        CompileFailed: the sweep itself has faults; with those of the spec without it.
    """
    try:
        return _Sweep(merged)
    except CompileFailed as error:
        raise CompileFailed([*error.diagnostics, *_unswept(merged)]) from None


def _unswept(merged: Merged) -> list[Diagnostic]:
    """The faults of a spec without its sweep, but for what the sweep names and may mend."""
    try:
        plan_of(merged)
    except CompileFailed as error:
        named = tuple(_keys(merged.tree.entries["sweep"].value))
        return [fault for fault in error.diagnostics if not fault.path.startswith(named)]
    return []


def _keys(node: Node) -> Iterator[str]:
    for key, below, _ in children(node):
        yield key
        yield from _keys(below)


class _Sweep:
    def __init__(self, merged: Merged) -> None:
        plot = read(merged.tree)
        self.base = Base(merged)
        name = find(self.base.evaluated.tree, ("name",))
        self.name = name if isinstance(name, Scalar) and _is_name(name.value) else None
        self.expansion = expand(plot, str(self.name.value) if self.name else "variant")
        self.memo = Memo()
        self.sections = Sections()
        self.carried: dict[str, Input] = {}
        self.tasks: dict[str, int] = {}
        self.warnings = Collapsed()

    def compiled(self) -> Swept:
        variants = self.expansion.variants
        plans, faults = [], Collapsed()
        for variant in variants:
            try:
                plans.append(self.variant(variant))
            except CompileFailed as error:
                faults.add(variant.label, error.diagnostics)
        fail_on(faults.faults(len(variants)))
        assert self.name is not None  # without one, no variant would be valid
        return Swept(
            str(self.name.value),
            value_span(self.base.evaluated.tree, ("name",)),
            tuple(plans),
            self.expansion.left,
            {key: self.base.files[key] for key in sorted(self.carried)},
            self.carried,
            self.tasks,
            self.base,
            ordered(
                [
                    *self.base.merged.warnings,
                    *self.warnings.faults(len(variants)),
                    *_equal(plans, self.base),
                ]
            ),
        )

    def variant(self, variant: Variant) -> CompiledVariant:
        overlaid = self.base.overlaid(self.named(variant))
        inputs = overlaid.inputs
        texts = self.base.spelled(inputs.tree)
        experiment = self.experiment(overlaid, texts)
        subject = Subject(experiment, inputs.tree, inputs.files)
        found = self.memo.run(subject, texts)
        fail_on(found)
        self.warnings.add(variant.label, found)
        self.tasks = self.tasks or {split: len(table.rows) for split, table in subject.splits()}
        carried = self.carry(inputs)
        digests, content = self.sections.plan(experiment, texts, carried)
        return CompiledVariant(variant, digests, content, tuple(carried), overlaid.changes)

    def experiment(self, overlaid: Overlaid, texts: dict[str, str]) -> Experiment:
        """The variant's experiment; anything at fault is looked at as in a spec of its own."""
        evaluated, inputs = overlaid.evaluated, overlaid.inputs
        if not (evaluated.faults or inputs.faults):
            experiment = self.sections.experiment(texts)
            if experiment is not None:
                return experiment
        return valid(inputs, evaluated, lambda rest: self.memo.run(rest, texts))

    def carry(self, inputs: Inputs) -> dict[str, Input]:
        """What the plan says of a variant's files."""
        for key, file in inputs.files.items():
            if key not in self.carried:
                self.carried[key] = carried_input(file)
        return {key: self.carried[key] for key in inputs.files}

    def named(self, variant: Variant) -> Variant:
        """The variant with its own name among its values, unless the base's is at fault."""
        if self.name is None:
            return variant
        name = replace(self.name, value=variant.name, text=None)
        return replace(variant, assigned={**variant.assigned, "name": name})


def _equal(plans: Sequence[CompiledVariant], base: Base) -> Iterator[Diagnostic]:
    """A warning where variants are one experiment, with the first two and how many there are."""
    same = defaultdict[str, list[CompiledVariant]](list)
    for plan in plans:
        same[plan.digests.semantic].append(plan)
    repeated = [group for group in same.values() if len(group) > 1]
    if repeated:
        first, second = (one.variant.label for one in repeated[0][:2])
        message = f"the variants {first} and {second} are the same experiment"
        more = sum(len(group) - 1 for group in repeated) - 1
        message += f", and so are {more:,} more" if more else ""
        span = name_span(base.merged.tree, ("sweep",))
        yield Diagnostic("MRLC409", message, span, path="sweep", severity="warning")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_NAME and bool(_NAME.fullmatch(value))
