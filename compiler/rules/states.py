"""States: what tools and probes name is declared, and of the kind that they work on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mrlc.compiler.diagnostics import Diagnostic, Fix, Label
from mrlc.compiler.example import Edit
from mrlc.compiler.rules import Finding, Subject, check, rule
from mrlc.compiler.suggest import did_you_mean, nearest

WORK = "    shop: {sqlite: shop.sql}\n", "    shop: {sqlite: shop.sql}\n    work: {folder: empty}\n"
SHORT = Edit("{human: 2}", "{human: 2, max_tokens: 128}")
NOTE = """\
    - name: note
      parameters: {path: {type: string}, content: {type: string}}
      file: {state: %s, action: write}
  answer:
"""


class _Use(NamedTuple):
    """A place that names a state."""

    path: str
    state: str
    kind: str
    """`sqlite` or `folder`, as the place needs it."""


@check
def states_are_declared(subject: Subject) -> Iterator[Diagnostic]:
    declared = subject.experiment.environment.state
    for use in _uses(subject):
        if use.state in declared:
            continue
        help = did_you_mean(use.state, declared) or "declare it under `environment.state`"
        span = subject.value(use.path)
        near = nearest(use.state, declared)
        fix = Fix.at(span, use.state, near) if near else None
        message = f"unknown state `{use.state}`"
        yield Diagnostic("MRLC332", message, span, help=help, path=use.path, fix=fix)


@rule(
    "MRLC347",
    "wrong-state",
    bad=(SHORT, Edit("  answer:\n", NOTE % "shop")),
    good=(SHORT, Edit(*WORK), Edit("  answer:\n", NOTE % "work")),
)
def states_are_of_the_kind_used(subject: Subject) -> Iterator[Finding]:
    """A tool or probe uses a state of another kind: SQL works on databases, files lie in folders.

    No call of the tool could be answered, and no probe could be read.

    Name a state of the right kind, or declare one under `environment.state`.
    """
    declared = subject.experiment.environment.state
    for use in _uses(subject):
        state = declared.get(use.state)
        kind = "sqlite" if state is not None and state.sqlite is not None else "folder"
        if state is not None and kind != use.kind:
            words = {"sqlite": "a database", "folder": "a folder"}
            label = Label(subject.name(f"environment.state.{use.state}"), f"{words[kind]}")
            yield Finding(use.path, f"`{use.state}` is not {words[use.kind]}", "", (label,))


def _uses(subject: Subject) -> Iterator[_Use]:
    environment = subject.experiment.environment
    for path, tool in environment.every_tool():
        if tool.sql is not None:
            yield _Use(f"{path}.sql.state", tool.sql.state, "sqlite")
        if tool.file is not None:
            yield _Use(f"{path}.file.state", tool.file.state, "folder")
        if tool.execute is not None and tool.execute.state is not None:
            yield _Use(f"{path}.execute.state", tool.execute.state, "sqlite")
    for name, probe in environment.final.items():
        kind = "sqlite" if probe.read is not None else "folder"
        yield _Use(f"environment.final.{name}.state", probe.state, kind)
