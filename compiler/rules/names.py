"""Names that must differ: tools, reward components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mrlc.compiler.diagnostics import Diagnostic, Label
from mrlc.compiler.rules import Subject, check


@check
def names_differ(subject: Subject) -> Iterator[Diagnostic]:
    experiment = subject.experiment
    tools = [tool.name for tool in experiment.environment.tools]
    components = [component.name for component in experiment.reward.components]
    yield from _twice(subject, tools, "environment.tools", "tools")
    yield from _twice(subject, components, "reward.components", "components")


def _twice(subject: Subject, names: Sequence[str], path: str, kind: str) -> Iterator[Diagnostic]:
    for index, name in enumerate(names):
        if (first := names.index(name)) != index:
            label = Label(subject.value(f"{path}.{first}.name"), "first used here")
            at = f"{path}.{index}.name"
            message = f"two {kind} are called `{name}`"
            yield Diagnostic("MRLC334", message, subject.value(at), "", (label,), path=at)
