"""What components compare: a value that the answer has, of a kind that can be equal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.rules.answers import allows, column_value
from mrlc.compiler.suggest import did_you_mean
from mrlc.schemas.answer import Field_
from mrlc.schemas.components import FieldAccuracy, Numeric, OfField, OneOf, Regex
from mrlc.schemas.reward import Component

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
NEAR = "{name: near, kind: numeric, field: days, against: task.expected.days, weight: 0.1}"
JOB = "{name: form, kind: regex, field: job, pattern: PATTERN, weight: 0.1}"
CHOICES = Edit("{job: {type: string}", "{job: {enum: [J1, J2, J3, J4]}")
NUMBER = re.compile(r"\s*-?\d+(\.\d+)?([eE][+-]?\d+)?\s*", re.ASCII)


@rule(
    "MRLC234",
    "incomparable",
    bad=(Edit(POLITE, NEAR.replace("expected.days", "expected.job")),),
    good=(Edit(POLITE, NEAR),),
)
def components_can_compare(subject: Subject) -> Iterator[Finding]:
    """A component compares a field that the answer has not, or a column of the wrong kind.

    It is 0 for every episode: a number is never equal to a text, and a value that is not there
    is never right.

    Name a field of `environment.answer.json` and a column that holds what it is compared with:
    numbers, or their text, for `numeric`; a list for `one_of`.
    """
    for index, component in enumerate(subject.experiment.reward.components):
        path = f"reward.components.{index}"
        found = [*_absent(subject, component, path)] or [*_of_other_kind(subject, component, path)]
        yield from found[:1]


def _absent(subject: Subject, component: Component, path: str) -> Iterator[Finding]:
    """Fields that are compared and are no field of the answer."""
    fields = subject.experiment.environment.answer.json_
    for at, name in _named(component):
        where = f"{path}.{at}"
        span = subject.name(where) if at != "field" else None
        if fields is None and subject.experiment.environment.answer.python is None:
            yield Finding(where, "the answer is text, and has no fields", at=span)
        elif fields is not None and name not in fields:
            label = Label(subject.name("environment.answer.json"), "the answer's fields")
            message = f"the answer has no field `{name}`"
            yield Finding(where, message, "", (label,), did_you_mean(name, fields), span)


def _named(component: Component) -> Iterator[tuple[str, str]]:
    """The fields of the answer that a component names, and where."""
    if isinstance(component, OfField) and component.field is not None:
        yield "field", component.field
    if isinstance(component, FieldAccuracy):
        yield from ((f"fields.{name}", name) for name in component.fields or ())


def _of_other_kind(subject: Subject, component: Component, path: str) -> Iterator[Finding]:
    if not isinstance(component, Numeric | OneOf):
        return
    field = field_of(subject, component)
    if isinstance(component, Numeric) and field is not None and field.type == "boolean":
        yield Finding(f"{path}.field", "the field is true or false, and no number")
    if component.against is None:
        return
    fits, kind = (_is_number, "number") if isinstance(component, Numeric) else (_is_list, "list")
    for split, table in subject.splits():
        for row in table.rows:
            value = column_value(row.values, component.against)
            if _is_json(value) and not fits(value):
                written = json.dumps(value, ensure_ascii=False)[:60]
                label = Label(row.span, f"a task of {split}")
                message = f"`{component.against}` is {written}, no {kind}"
                yield Finding(f"{path}.against", message, "", (label,))
                return


def _is_json(value: Any) -> bool:
    """Not so where the row lacks the column, which is another rule's fault."""
    return value is None or isinstance(value, dict | list | str | int | float)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def field_of(subject: Subject, component: OfField) -> Field_ | None:
    """The answer's declaration of the field that a component looks at, if it is there."""
    fields = subject.experiment.environment.answer.json_ or {}
    return fields.get(component.field) if component.field is not None else None


@rule(
    "MRLC583",
    "unmatchable",
    bad=(CHOICES, Edit(POLITE, JOB.replace("PATTERN", '"[0-9]+"'))),
    good=(CHOICES, Edit(POLITE, JOB.replace("PATTERN", '"J[0-9]+"'))),
)
def something_matches(subject: Subject) -> Iterator[Finding]:
    """A component matches none of the values that the answer's field allows.

    It is 0 for every episode, whatever is answered. A regular expression here matches the whole
    value, from its first character to its last.

    Mend the pattern or the values, or the field's `enum` and `type`.
    """
    for index, component in enumerate(subject.experiment.reward.components):
        field = field_of(subject, component) if isinstance(component, OfField) else None
        if field is None or not isinstance(component, Regex | OneOf):
            continue
        name = "pattern" if isinstance(component, Regex) else "values"
        if not _some_fits(component, field):
            label = Label(subject.value(f"environment.answer.json.{component.field}"), "the field")
            message = f"no value of the field `{component.field}` can be matched"
            yield Finding(f"reward.components.{index}.{name}", message, "", (label,))


def _some_fits(component: Regex | OneOf, field: Field_) -> bool:
    """Whether some value of a field can match, as far as the declarations say."""
    if isinstance(component, Regex):
        return not field.enum or _matches(component.pattern, field)
    return component.values is None or any(allows(field, value) for value in component.values)


def _matches(pattern: str, field: Field_) -> bool:
    """Whether a pattern matches a value of an enum; one that cannot be compiled counts as so."""
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return True
    return any(compiled.fullmatch(_text(value)) for value in field.enum or ())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
