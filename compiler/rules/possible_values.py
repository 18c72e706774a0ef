"""Declared values that can be: enums of their type, ranges that are not empty."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.rules.answers import allows
from mrlc.schemas.answer import Field_
from mrlc.schemas.tools import Value
from mrlc.schemas.values import ValueType

DAY = "day: {type: integer}"
SCALARS = get_args(ValueType)


@rule(
    "MRLC213",
    "enum-of-another-type",
    bad=(Edit(DAY, 'day: {type: integer, enum: ["1", 2]}'),),
    good=(Edit(DAY, "day: {type: integer, enum: [1, 2]}"),),
)
def choices_have_the_type(subject: Subject) -> Iterator[Finding]:
    """A value under `enum` is not of the `type` beside it.

    No call or answer can hold it: it would have to be both. Mostly a number is quoted, or not.

    Write the value as the type has it, or change the type.
    """
    for path, field in _fields(subject):
        for index, choice in enumerate(field.enum or ()):
            if field.type in SCALARS and not allows(Field_(type=field.type), choice):
                written = json.dumps(choice, ensure_ascii=False)
                labels = (Label(subject.value(f"{path}.type"), "the type"),)
                message = f"{written} is not of type {field.type}"
                yield Finding(f"{path}.enum.{index}", message, "", labels)


@rule(
    "MRLC214",
    "empty-range",
    bad=(Edit(DAY, "day: {type: integer, minimum: 31, maximum: 1}"),),
    good=(Edit(DAY, "day: {type: integer, minimum: 1, maximum: 31}"),),
)
def ranges_hold_something(subject: Subject) -> Iterator[Finding]:
    """A parameter's `minimum` is above its `maximum`.

    No argument is allowed, so every call of the tool is refused.

    Exchange the two.
    """
    for path, parameter in _parameters(subject):
        low, high = parameter.minimum, parameter.maximum
        if low is not None and high is not None and low > high:
            labels = (Label(subject.value(f"{path}.maximum"), "the maximum"),)
            yield Finding(f"{path}.minimum", f"no number is from {low:g} to {high:g}", "", labels)


@rule(
    "MRLC217",
    "bound-of-another-type",
    bad=(Edit("bike: {type: string}", "bike: {type: string, minimum: 1}"),),
    good=(Edit("bike: {type: string}", "bike: {type: integer, minimum: 1}"),),
)
def bounds_fit_the_type(subject: Subject) -> Iterator[Finding]:
    """A parameter is bounded as another type is: a text by a number, a number by a pattern.

    JSON Schema ignores such a bound, silently, and a reader believes in it.

    Bound numbers by `minimum` and `maximum`, and texts by `pattern`.
    """
    for path, parameter in _parameters(subject):
        is_number = parameter.type in ("integer", "number")
        wrong = [] if is_number else ["minimum", "maximum"]
        wrong += [] if parameter.type == "string" else ["pattern"]
        for name in wrong:
            if getattr(parameter, name) is not None:
                message = f"`{name}` does not bound a value of type {parameter.type}"
                labels = (Label(subject.value(f"{path}.type"), "the type"),)
                yield Finding(f"{path}.{name}", message, "", labels)


@rule(
    "MRLC237",
    "shape-of-another-type",
    bad=(Edit("bike: {type: string}", "bike: {type: string, items: {type: string}}"),),
    good=(
        Edit(
            "bike: {type: string}",
            "bike: {type: string}\n        tags: {type: array, required: false, items: {type: string}}",
        ),
        Edit("match: {bike: number}", "match: {bike: number}\n        mode: by_key"),
    ),
)
def shapes_fit_the_type(subject: Subject) -> Iterator[Finding]:
    """A value that is no array has `items`, one that is no object `properties`, or one of them `enum`.

    JSON Schema ignores the first two, silently, and a reader believes in them. Choices among
    whole arrays or objects are not part of the language.

    Say `items` of an array, `properties` of an object, and `enum` of what they hold.
    """
    for path, value in _parameters(subject):
        wrong = [] if value.type == "array" else ["items"]
        wrong += [] if value.type == "object" else ["properties"]
        wrong += [] if value.type in SCALARS else ["enum"]
        for name in wrong:
            if getattr(value, name, None) is not None:
                message = f"`{name}` says nothing of a value of type {value.type}"
                labels = (Label(subject.value(f"{path}.type"), "the type"),)
                at = f"{path}.{name}"
                yield Finding(at, message, "", labels, at=subject.name(at))


def _parameters(subject: Subject) -> Iterator[tuple[str, Value]]:
    """Every argument, and all that is declared inside one."""
    for at, tool in subject.experiment.environment.every_tool():
        for name, parameter in tool.parameters.items():
            yield from parameter.every_value(f"{at}.parameters.{name}")


def _fields(subject: Subject) -> Iterator[tuple[str, Any]]:
    """All that has a `type` and an `enum`."""
    yield from _parameters(subject)
    for name, field in (subject.experiment.environment.answer.json_ or {}).items():
        yield f"environment.answer.json.{name}", field
