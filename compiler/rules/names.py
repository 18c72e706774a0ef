"""Names that must differ: tools, reward components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mrlc.compiler.diagnostics import Diagnostic, Label
from mrlc.compiler.rules import Subject, check


@check
def names_of_tools_differ(subject: Subject) -> Iterator[Diagnostic]:
    names = [tool.name for tool in subject.experiment.environment.tools]
    return twice(subject, names, "environment.tools", "tools")


@check
def names_of_components_differ(subject: Subject) -> Iterator[Diagnostic]:
    names = [component.name for component in subject.experiment.reward.components]
    return twice(subject, names, "reward.components", "components")


def twice(subject: Subject, names: Sequence[str], path: str, kind: str) -> Iterator[Diagnostic]:
    for index, name in enumerate(names):
        if (first := names.index(name)) != index:
            label = Label(subject.value(f"{path}.{first}.name"), "first used here")
            at = f"{path}.{index}.name"
            message = f"two {kind} are called `{name}`"
            yield Diagnostic("MRLC334", message, subject.value(at), "", (label,), path=at)
