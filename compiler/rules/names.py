"""Names that must differ: tools, reward components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mrlc.compiler.diagnostics import Diagnostic, Label
from mrlc.compiler.rules import Subject, check


@check
def names_of_tools_differ(subject: Subject) -> Iterator[Diagnostic]:
    named = [(path, tool.name) for path, tool in subject.experiment.environment.every_tool()]
    return twice(subject, named, "tools")


@check
def names_of_components_differ(subject: Subject) -> Iterator[Diagnostic]:
    components = enumerate(subject.experiment.reward.components)
    named = [(f"reward.components.{index}", one.name) for index, one in components]
    return twice(subject, named, "components")


def twice(subject: Subject, named: Sequence[tuple[str, str]], kind: str) -> Iterator[Diagnostic]:
    """The names, with the path of what has each, that stood before."""
    names = [name for _, name in named]
    for index, (path, name) in enumerate(named):
        if (first := names.index(name)) != index:
            label = Label(subject.value(f"{named[first][0]}.name"), "first used here")
            at = f"{path}.name"
            message = f"two {kind} are called `{name}`"
            yield Diagnostic("MRLC334", message, subject.value(at), "", (label,), path=at)
