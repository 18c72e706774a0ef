"""The formulas of a spec, each with what it may name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mrlc.compiler.decisions import outcomes
from mrlc.compiler.diagnostics import Span
from mrlc.compiler.subject import Subject
from mrlc.compiler.variables import within
from mrlc.schemas.formula import RESERVED, BadFormula, Parsed, parse_formula
from mrlc.schemas.tools import Tool


@dataclass(frozen=True)
class Written:
    """A formula where it stands in the spec."""

    path: str
    source: str
    tool: Tool
    results: tuple[str, ...] = ()
    """What was computed before it."""
    is_guard: bool = False
    """Whether it may look at the episode's earlier calls."""

    @property
    def names(self) -> frozenset[str]:
        """All that it may name."""
        return frozenset({*self.tool.parameters, *self.results}) | RESERVED

    @property
    def parsed(self) -> Parsed | None:
        """What it says; None where it is no formula, which a rule of its own reports."""
        try:
            return parse_formula(self.source)
        except BadFormula:
            return None


def formulas(subject: Subject) -> Iterator[Written]:
    """Every formula of the tools."""
    for path, tool in subject.experiment.environment.every_tool():
        for number, guard in enumerate(tool.guards):
            yield Written(f"{path}.guards.{number}.unless", guard.unless, tool, is_guard=True)
        if tool.compute is not None:
            results = outcomes(subject, tool.compute.table) if tool.compute.table else ()
            for name, source in (tool.compute.returns or {}).items():
                yield Written(f"{path}.compute.returns.{name}", source, tool, results)
                results = (*results, name)


def spot(subject: Subject, path: str, at: tuple[int, int]) -> Span:
    """The span of a piece of a formula."""
    scalar = subject.scalar(path)
    return within(scalar, *at) if scalar is not None else subject.value(path)
