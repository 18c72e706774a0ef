"""Columns: what prompts, rewards and the scorer read is there in every task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from mrlc.compiler.diagnostics import Diagnostic, Fix, Label, Span
from mrlc.compiler.expression import Expression, ExpressionFault, Use, parse_template
from mrlc.compiler.files import Row, Table
from mrlc.compiler.markers import prompts
from mrlc.compiler.rules import Subject, check
from mrlc.compiler.suggest import nearest
from mrlc.compiler.tree import Scalar
from mrlc.compiler.variables import within
from mrlc.schemas.section import PromptMarker, Unsound


@check
def prompts_can_be_rendered(subject: Subject) -> Iterator[Diagnostic]:
    """Each `{{ task.column }}` exists, and each expression has a value, for every task."""
    for pattern, marker in prompts().items():
        for path, node in subject.select(pattern):
            if isinstance(node, Scalar) and isinstance(node.value, str):
                yield from _prompt(subject, node, ".".join(path), marker)


def _prompt(
    subject: Subject, prompt: Scalar, path: str, marker: PromptMarker
) -> Iterator[Diagnostic]:
    try:
        template = parse_template(str(prompt.value))
    except ExpressionFault as error:
        span = within(prompt, *error.at)
        yield Diagnostic(error.code, error.message, span, help=error.help, path=path)
        return
    for expression in template.expressions:
        faults = [
            fault
            for use in expression.uses
            if not (expression.is_chain and use.names in {(name,) for name in marker.fenced})
            if (fault := _use(subject, use, within(prompt, *use.at), path, marker)) is not None
        ]
        yield from faults
        is_of_task = all(use.names[0] == "task" for use in expression.uses)
        if is_of_task and not faults and not expression.is_chain:
            yield from _evaluated(subject, expression, within(prompt, *expression.at), path)


def _use(
    subject: Subject, use: Use, span: Span, path: str, marker: PromptMarker
) -> Diagnostic | None:
    if use.names[0] in marker.fenced:  # a filter would work on the fence around it
        message = f"`{use.names[0]}` stands alone, as in {{{{ {use.names[0]} }}}}"
        return Diagnostic("MRLC302", message, span, path=path)
    if use.names[0] not in marker.names:
        more = "".join(f", {{{{ {name} }}}}" for name in (*marker.names[1:], *marker.fenced))
        help = f"prompts use `task`, as in {{{{ task.column }}}}{more}"
        message = f"unknown name `{use.names[0]}`"
        return Diagnostic("MRLC303", message, span, help=help, path=path)
    if use.names[0] != "task":
        return None  # known when the episode runs
    if len(use.names) == 1:
        return Diagnostic("MRLC302", "`task` itself is not a text", span, path=path)
    return None if use.has_default else missing_column(subject, use.names, span, path)


def _evaluated(
    subject: Subject, expression: Expression, span: Span, path: str
) -> Iterator[Diagnostic]:
    """The first task for which an expression has no value."""
    for split, table in subject.splits():
        for row in table.rows:
            try:
                expression.evaluate({"task": row.values})
            except ExpressionFault as error:
                label = Label(row.span, f"for this task of {split}")
                yield Diagnostic(error.code, error.message, span, "", (label,), path=path)
                return


@check
def expected_values_exist(subject: Subject) -> Iterator[Diagnostic]:
    for path, against in compared(subject):
        fault = missing_column(subject, tuple(against.split(".")), subject.value(path), path)
        if fault is not None:
            yield fault


def compared(subject: Subject) -> Iterator[tuple[str, str]]:
    """Every `against` of the spec: its path and the column path it names."""
    experiment = subject.experiment
    for index, component in enumerate(experiment.reward.components):
        against = getattr(component, "against", None)
        if isinstance(against, str):
            yield f"reward.components.{index}.against", against
    if experiment.evaluation.scorer.kind == "exact_fields":
        yield "evaluation.scorer.against", experiment.evaluation.scorer.against


def compared_whole(subject: Subject) -> Iterator[tuple[str, str]]:
    """Those of them that are compared with the whole answer, every field of it."""
    for path, against in compared(subject):
        index = path.split(".")[2] if path.startswith("reward.") else ""
        one = subject.experiment.reward.components[int(index)] if index else None
        is_whole = one is None or one.kind == "exact"
        if is_whole or (one and one.kind == "field_accuracy" and one.fields is None):
            yield path, against


def missing_column(
    subject: Subject, names: tuple[str, ...], span: Span, path: str
) -> Diagnostic | None:
    """The fault of a column path that some task does not have, shown with that task."""
    with suppress(Unsound):  # of a split whose file is at fault: what the others lack is known
        for split, table in subject.splits():
            for row in table.rows:
                if (depth := _depth(row.values, names)) < len(names):
                    return _missing(row, table, split, names, depth, span, path)
    return None


def _missing(
    row: Row, table: Table, split: str, names: tuple[str, ...], depth: int, span: Span, path: str
) -> Diagnostic:
    name, above = names[depth], ".".join(names[:depth])
    inner = _reached(row, names[:depth])
    near = nearest(name, inner if isinstance(inner, dict) else ())
    help = f"did you mean `{above}.{near}`?" if near else _columns(table, above, inner)
    label = Label(row.span, f"a task of {split} without it")
    message = f"unknown column `{above}.{name}`"
    meant = ".".join((above, near, *names[depth + 1 :])) if near else None
    fix = Fix.at(span, ".".join(names), meant) if meant else None
    return Diagnostic("MRLC324", message, span, "", (label,), help, path, fix=fix)


def _depth(values: dict[str, Any], names: tuple[str, ...]) -> int:
    """How many names of a path are found; the first, `task`, always is."""
    value: Any = values
    for depth, name in enumerate(names[1:], start=1):
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return depth
    return len(names)


def _reached(row: Row, names: tuple[str, ...]) -> Any:
    value: Any = row.values
    for name in names[1:]:
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def _columns(table: Table, above: str, inner: Any) -> str | None:
    if not isinstance(inner, dict):
        return f"`{above}` is a single value"
    names = ", ".join(list(inner)[:12])
    return f"the columns are {names}" if names else None
