"""Expected values: each is one that a valid answer can equal.

A typed answer has exactly the declared fields, so an expected value with other fields, or
with a value that no field allows, could never be reached, and every reward would be lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mrlc.compiler.diagnostics import Diagnostic, Label
from mrlc.compiler.rules import Subject, check
from mrlc.compiler.rules.columns import compared_whole
from mrlc.schemas.answer import Field_


@check
def expected_values_are_answers(subject: Subject) -> Iterator[Diagnostic]:
    answer = subject.experiment.environment.answer
    if answer.json_ is None:
        return
    declared = subject.name("environment.answer.json")
    for against, path in sorted({column: path for path, column in compared_whole(subject)}.items()):
        for _, table in subject.splits():
            for row in table.rows:
                reason = _reason(column_value(row.values, against), answer.json_, against)
                if reason is not None:
                    labels = (
                        Label(declared, "the answer's fields"),
                        Label(subject.value(path), "compared here"),
                    )
                    yield Diagnostic("MRLC337", reason, row.span, "", labels, path=path)
                    break


def column_value(row: dict[str, Any], against: str) -> Any:
    """The value of a column path in a row; `ABSENT` where the row has none."""
    value: Any = row
    for name in against.split(".")[1:]:
        value = value.get(name, ABSENT) if isinstance(value, dict) else ABSENT
    return value


ABSENT = object()


def _reason(value: Any, fields: dict[str, Field_], against: str) -> str | None:
    """Why no answer equals a value, or None; a missing column is another check's fault."""
    if value is ABSENT:
        return None
    if not isinstance(value, dict):
        return f"`{against}` is not an object, but the answer is one"
    if lacking := sorted(fields.keys() - value.keys()):
        return f"`{against}` lacks the answer's field `{lacking[0]}`"
    if extra := sorted(value.keys() - fields.keys()):
        return f"`{against}` has a field `{extra[0]}` that the answer has not"
    for name in sorted(fields):
        if not allows(fields[name], value[name]):
            written = json.dumps(value[name], ensure_ascii=False)
            return f"`{against}.{name}` is {written}, but the answer's is {_form(fields[name])}"
    return None


def _form(field: Field_) -> str:
    if field.enum is not None:
        return "one of " + ", ".join(
            json.dumps(choice, ensure_ascii=False) for choice in field.enum
        )
    return f"of type {field.type}"


def allows(field: Field_, value: Any) -> bool:
    """Whether some answer equals the value, as JSON compares: 3 is 3.0, and true is not 1."""
    if field.enum is not None and not any(_equal(value, choice) for choice in field.enum):
        return False
    if field.type is None:
        return True
    if isinstance(value, bool) or field.type == "boolean":
        return isinstance(value, bool) and field.type == "boolean"
    if field.type == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, str if field.type == "string" else int | float)


def _equal(left: Any, right: Any) -> bool:
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)
