"""What a field of the spec is, and where its value came from.

A path is dotted, as messages write it: `environment.tools.0.name`. An item of a list that has
a name may be called by it: `environment.tools.find_bike.description`; where no spec is at hand,
it may be left out: `environment.tools.python`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mrlc.compiler.diagnostics import Span, fail_on
from mrlc.compiler.inputs import collect
from mrlc.compiler.resolve import resolve
from mrlc.compiler.shape import Consumed, fields, fields_at, names_at
from mrlc.compiler.suggest import did_you_mean
from mrlc.compiler.tree import find, value_span
from mrlc.compiler.validate import validate
from mrlc.schemas import Experiment


class NoSuchField(Exception):
    """A path leads nowhere; the message says where it ends and offers the nearest name."""


@dataclass(frozen=True)
class FieldNote:
    """What the schema says of a field."""

    path: str
    description: str
    """What it is, its unit, and the reason for its default."""
    form: str
    """Its type and bounds in a few words."""
    default: str | None
    """As YAML; None where the field is required."""
    names: tuple[str, ...] = ()
    """Of a section, the fields it has; of a list or mapping of sections, those of each."""
    is_each: bool = False
    """Whether the names are those of each item."""
    is_item: bool = False
    """Whether it is an item of a list or mapping, which nobody is required to write."""


@dataclass(frozen=True)
class ValueNote:
    """The value of a field in a spec."""

    path: str
    value: str
    """As JSON, which is YAML too."""
    origin: str
    """`spec`, `base`, `override` or `default`."""
    span: Span | None
    """Where it is written; None of a default."""
    field: FieldNote


def note_of_field(path: str) -> FieldNote:
    """What the schema says of a path.

    Raises:
        NoSuchField: it leads nowhere.
    """
    keys = _through_items(path.split("."))
    found = fields_at(keys)
    if not found:
        raise NoSuchField(_unknown(keys))
    model, name = found[0]
    return replace(_note(".".join(keys), model, name), path=path)


def _through_items(parts: Sequence[str]) -> tuple[str, ...]:
    """The path with `0` wherever an item of a list or mapping is left out."""
    keys: tuple[str, ...] = ()
    for part in parts:
        if keys and not names_at(keys) and part in names_at((*keys, "0")):
            keys = (*keys, "0")
        keys = (*keys, part)
    return keys


def note_of_value(path: str, spec: Path, *, overrides: Sequence[str] = ()) -> ValueNote:
    """The value at a path of a spec.

    Raises:
        NoSuchField: the path leads nowhere, or not in this spec.
        CompileFailed: the spec has faults that leave its values open.
    """
    if (first := path.split(".")[0]) in fields(Consumed):
        raise NoSuchField(
            f"`{first}` is gone when a spec is compiled; ask for a value it was used in"
        )
    resolved = resolve(spec, overrides)
    fail_on(resolved.evaluated.faults)
    inputs = collect(resolved)
    experiment = validate(inputs.tree)
    value: Any = experiment
    keys: tuple[str, ...] = ()
    owner: tuple[type[BaseModel], str] = (Experiment, "name")
    depth = 0
    for part in path.split("."):
        inner = _inner(value, part)
        if inner is None:
            raise NoSuchField(_unknown((*keys, part), value=value))
        key, below = inner
        depth += 1
        if isinstance(value, BaseModel):
            owner, depth = (type(value), key), 0
        keys, value = (*keys, key), below
    dotted = ".".join(keys)
    node = find(resolved.tree, keys)
    span = value_span(resolved.tree, keys) if node is not None else None
    origin = resolved.origin(span.file) if span else "default"
    note = _note(dotted, *owner) if depth == 0 else _note_of_item(dotted, depth, value)
    return ValueNote(dotted, _shown(value), origin, span, note)


def _inner(value: Any, part: str) -> tuple[str, Any] | None:
    """The part of a value that a name or index leads to, with its key in the tree."""
    if isinstance(value, BaseModel):
        known = {field.alias or name: name for name, field in type(value).model_fields.items()}
        return (part, getattr(value, known[part])) if part in known else None
    if isinstance(value, dict):
        return (part, value[part]) if part in value else None
    if isinstance(value, tuple | list):
        names = [getattr(item, "name", None) for item in value]
        index = int(part) if part.isdigit() else names.index(part) if part in names else len(value)
        return (str(index), value[index]) if index < len(value) else None
    return None


def _unknown(keys: tuple[str, ...], *, value: Any = None) -> str:
    """Where a path leaves what is known, and the nearest name there."""
    good = 0
    while good < len(keys) - 1 and (fields_at(keys[: good + 1]) or _is_item(keys[: good + 1])):
        good += 1
    above, name = ".".join(keys[:good]), keys[good]
    known = _names(value) or names_at(keys[:good]) or names_at((*keys[:good], "0"))
    where = f"`{above}`" if above else "a spec"
    what = (
        f"{where} has no `{name}`" if value is not None or known else f"{where} is a single value"
    )
    near = did_you_mean(name, known)
    if near is None and known and above and value is None:
        near = f"mrlc explain {above} lists its fields"
    return f"{what}; {near}" if near else what


def _is_item(keys: tuple[str, ...]) -> bool:
    """Whether a path leads to an item of a list or mapping, which is no field by itself."""
    return bool(names_at(keys))


def _names(value: Any) -> list[str]:
    """What may follow a value."""
    if isinstance(value, BaseModel):
        return list(fields(type(value)))
    if isinstance(value, dict):
        return [str(key) for key in value]
    if isinstance(value, tuple | list):
        return [str(getattr(item, "name", index)) for index, item in enumerate(value)]
    return []


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    elif isinstance(value, tuple | list):
        value = [json.loads(_shown(item)) for item in value]
    elif isinstance(value, dict):
        value = {key: json.loads(_shown(item)) for key, item in value.items()}
    return json.dumps(value, ensure_ascii=False)


def _note(path: str, model: type[BaseModel], name: str) -> FieldNote:
    field: FieldInfo = fields(model)[name]
    schema = model.model_json_schema(by_alias=True)
    inner = schema["properties"][name]
    keys = tuple(path.split("."))
    own, each = names_at(keys), names_at((*keys, "0"))
    description = field.description or _section_doc(inner, schema)
    default = None if field.is_required() else _shown(field.get_default(call_default_factory=True))
    return FieldNote(path, description, _form(inner, schema), default, tuple(own or each), not own)


def _note_of_item(path: str, depth: int, value: Any) -> FieldNote:
    """Of a value that lies so many lists and mappings deep in a field."""
    above = ".".join(path.split(".")[:-depth])
    if isinstance(value, BaseModel):
        about = inspect.cleandoc(type(value).__doc__ or "").split("\n\n")[0]
        names = tuple(fields(type(value)))
        return FieldNote(path, about, f"one of `{above}`", None, names, is_item=True)
    return FieldNote(path, "", f"in `{above}`", None, is_item=True)


def _section_doc(inner: dict[str, Any], schema: dict[str, Any]) -> str:
    """The first paragraph that a field's own section says of itself."""
    reference = next((one["$ref"] for one in _options(inner) if "$ref" in one), None)
    if reference is None:
        return ""
    text = schema["$defs"][reference.rsplit("/", 1)[1]].get("description", "")
    return inspect.cleandoc(text).split("\n\n")[0]


def _options(inner: dict[str, Any]) -> list[dict[str, Any]]:
    return inner.get("anyOf") or inner.get("oneOf") or [inner]


_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
    "minLength": "of at least",
    "maxLength": "of at most",
    "minItems": "of at least",
    "maxItems": "of at most",
}
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def _form(inner: dict[str, Any], schema: dict[str, Any]) -> str:
    """A JSON Schema in a few words."""
    return " or ".join(dict.fromkeys(_words(one) for one in _options(inner)))


def _words(one: dict[str, Any]) -> str:
    if "$ref" in one:
        return "a mapping"
    if "const" in one or "enum" in one:
        choices = one.get("enum", [one.get("const")])
        return "one of " + ", ".join(map(str, choices)) if len(choices) > 1 else str(choices[0])
    bounds = [f"{words} {one[key]:g}" for key, words in _BOUNDS.items() if key in one]
    return ", ".join([_WORDS.get(one.get("type", ""), "any value"), *bounds])
