"""Names that must differ: tools, reward components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mrlc.compiler.diagnostics import Diagnostic, Label
from mrlc.compiler.rules import Subject, check


@check
def names_differ(subject: Subject) -> Iterator[Diagnostic]:
    experiment = subject.experiment
    tools = [(path, tool.name) for path, tool in experiment.environment.every_tool()]
    components = [
        (f"reward.components.{index}", component.name)
        for index, component in enumerate(experiment.reward.components)
    ]
    yield from _twice(subject, tools, "tools")
    yield from _twice(subject, components, "components")


def _twice(subject: Subject, named: Sequence[tuple[str, str]], kind: str) -> Iterator[Diagnostic]:
    names = [name for _, name in named]
    for index, (path, name) in enumerate(named):
        if (first := names.index(name)) != index:
            label = Label(subject.value(f"{named[first][0]}.name"), "first used here")
            at = f"{path}.name"
            message = f"two {kind} are called `{name}`"
            yield Diagnostic("MRLC334", message, subject.value(at), "", (label,), path=at)
