"""A JSON Schema as a parameter of a spec can say it, with a note on all that it cannot.

A parameter has one plain type, or is an array or an object of such; deeper forms stay open,
so that what ships is accepted. Of several forms (`oneOf`) the first that fits is written.
A null is written as an argument that is left out.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from mrlc.compiler.imported.note import Notes, quoted
from mrlc.compiler.production import followed, pointer
from mrlc.compiler.rules.answers import allows
from mrlc.schemas.answer import Field_

Schema = Mapping[str, Any]
Declared = dict[str, Any]

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
SCALARS = ("string", "integer", "number", "boolean")
_TYPES = (*SCALARS, "array", "object")
_UNCHECKED = (
    "minLength", "maxLength", "multipleOf", "minItems", "maxItems", "uniqueItems", "contains",
    "minProperties", "maxProperties", "patternProperties", "propertyNames", "dependentRequired",
    "dependentSchemas", "prefixItems", "not", "if",
)  # fmt: skip
_LONGEST_TEXT = 2_000
"""Characters kept of a description; the model reads it in each episode."""
_LARGEST = 1e15
"""A bound beyond it is none that a float holds exactly."""


@dataclass(frozen=True)
class Form:
    """What a place in a spec can say besides the type."""

    items: bool = True
    properties: bool = True


PARAMETER, ITEM, MEMBER = Form(), Form(items=False), Form(items=False, properties=False)


def declared(schema: Any, root: Any, place: str, notes: Notes, form: Form = PARAMETER) -> Declared:
    """The value as a spec declares it."""
    schema = _one_form(followed(schema, root), root, place, notes)
    kind = _type(schema, place, notes)
    found: Declared = {"type": kind}
    if text := described(schema.get("description"), place, notes):
        found["description"] = text
    found |= _choices(schema, kind, place, notes)
    if kind in ("integer", "number"):
        found |= _range(schema, kind, place, notes)
    if kind == "string":
        found |= _pattern(schema, place, notes)
    if kind == "array":
        found |= _items(schema, root, place, notes, form)
    if kind == "object":
        found |= _members(schema, root, place, notes, form)
    for word in _UNCHECKED:
        if word in schema:
            notes.add(place, f"`{word}` is not checked")
    return found


def described(text: Any, place: str, notes: Notes) -> str:
    """A description, its end cut where no model would read it."""
    if not isinstance(text, str):
        return ""
    if len(text) > _LONGEST_TEXT:
        notes.add(place, f"the description is cut to its first {_LONGEST_TEXT:,} characters")
    return text[:_LONGEST_TEXT]


def _one_form(schema: Declared, root: Any, place: str, notes: Notes) -> Declared:
    """The schema with `allOf` joined and one alternative taken."""
    rest = {key: schema[key] for key in schema if key not in ("allOf", "anyOf", "oneOf")}
    for part in _schemas(schema.get("allOf"), root):
        rest = _joined(part, rest)
    for word in ("anyOf", "oneOf"):
        forms = [one for one in _schemas(schema.get(word), root) if one.get("type") != "null"]
        if not forms:
            continue
        if all("const" in one or "enum" in one for one in forms):
            choices = [c for one in forms for c in _list(one.get("enum", [one.get("const")]))]
            rest = {**forms[0], "enum": choices, **rest}
            rest.pop("const", None)
            continue
        if len(forms) > 1:
            notes.add(place, f"`{word}` of {len(forms)} forms: the first is written")
        rest = _joined(forms[0], rest)
    return rest


def _schemas(value: Any, root: Any) -> list[Declared]:
    return [followed(one, root) for one in _list(value) if isinstance(one, dict)]


def _joined(part: Declared, whole: Declared) -> Declared:
    """Both schemas: members of both, and what the whole says of the rest."""
    joined = {**part, **whole}
    for key in ("properties", "required"):
        if key in part and key in whole:
            one, other = part[key], whole[key]
            if isinstance(one, dict) and isinstance(other, dict):
                joined[key] = {**one, **other}
            elif isinstance(one, list) and isinstance(other, list):
                joined[key] = [*one, *other]
    return joined


def _type(schema: Schema, place: str, notes: Notes) -> str:
    given = schema.get("type")
    kinds = (
        [kind for kind in _list(given) if kind != "null"] if isinstance(given, list) else [given]
    )
    known = [kind for kind in kinds if kind in _TYPES]
    if known:
        if len(kinds) > 1:
            notes.add(place, f"one of {len(kinds)} types: written as {known[0]}")
        return str(known[0])
    if (inferred := _inferred(schema)) is not None:
        return inferred
    notes.add(place, "no type that a spec knows: written as a string")
    return "string"


def _inferred(schema: Schema) -> str | None:
    """The type that the rest of a schema implies."""
    if isinstance(schema.get("properties"), dict):
        return "object"
    if "items" in schema:
        return "array"
    values = [one for one in _given_choices(schema) or () if one is not None]
    for kind in SCALARS:
        if values and all(_is_of(kind, one) for one in values):
            return kind
    return None


def _given_choices(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return _list(schema["enum"]) if "enum" in schema else None


def _choices(schema: Schema, kind: str, place: str, notes: Notes) -> Declared:
    given = [one for one in _given_choices(schema) or () if one is not None]
    if not given:
        return {}
    if kind not in SCALARS:
        notes.add(place, f"choices among values of type {kind} are not checked")
        return {}
    fitting = [one for one in given if _is_of(kind, one) and _is_sane(one)]
    if len(fitting) < len(given):
        notes.add(place, f"choices that are no {kind} are left out")
    return {"enum": fitting} if fitting else {}


def _range(schema: Schema, kind: str, place: str, notes: Notes) -> Declared:
    found = {
        word: bound
        for word in ("minimum", "maximum")
        if (bound := _bound(schema, word, kind, place, notes)) is not None
    }
    if found.get("minimum", -math.inf) > found.get("maximum", math.inf):
        notes.add(place, "no number is in the range: it is left out")
        return {}
    return found


def _bound(schema: Schema, word: str, kind: str, place: str, notes: Notes) -> int | float | None:
    """A bound that counts itself; one that does not is moved to the next whole number."""
    exclusive = f"exclusive{word.capitalize()}"
    bound, strict = schema.get(word), schema.get(exclusive)
    is_strict = strict is True  # OpenAPI 3.0 and draft 4; later it is the bound itself
    if _is_number(strict):
        bound, is_strict = strict, True
    if not _is_number(bound):
        return None
    if not _is_sane(bound):
        notes.add(place, f"`{word}` is too large to be checked")
        return None
    number: int | float = bound
    if is_strict and kind == "integer":
        return math.floor(number) + 1 if word == "minimum" else math.ceil(number) - 1
    if is_strict:
        notes.add(place, f"`{exclusive}` is written as `{word}`: {number:g} itself is allowed")
    return number


def _pattern(schema: Schema, place: str, notes: Notes) -> Declared:
    pattern = schema.get("pattern")
    if not isinstance(pattern, str):
        return {}
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern[: _LONGEST_TEXT + 1])
    except (re.error, RecursionError, OverflowError):
        notes.add(place, f"the pattern {quoted(pattern)} is none of Python's: it is not checked")
        return {}
    if len(pattern) > _LONGEST_TEXT:
        notes.add(place, "the pattern is too long to be checked")
        return {}
    return {"pattern": pattern}


def _items(schema: Schema, root: Any, place: str, notes: Notes, form: Form) -> Declared:
    items = schema.get("items")
    if not isinstance(items, dict) or not items:
        return {}
    at = place + pointer("items")
    if not form.items:
        notes.add(at, "nested too deep for a spec: any items are accepted")
        return {}
    return {"items": declared(items, root, at, notes, ITEM)}


def _members(schema: Schema, root: Any, place: str, notes: Notes, form: Form) -> Declared:
    members = schema.get("properties")
    if not isinstance(members, dict) or not members:
        return {}
    at = place + pointer("properties")
    odd = next((name for name in members if not IDENTIFIER.fullmatch(name)), None)
    if not form.properties:
        reason = "nested too deep for a spec"
    elif odd is not None:
        reason = f"{quoted(odd)} cannot be the name of a member"
    elif schema.get("additionalProperties"):
        reason = "members besides those named are allowed"
    else:
        required = _list(schema.get("required"))
        return {
            "properties": {
                name: member(one, root, at + pointer(name), notes, MEMBER, name in required)
                for name, one in members.items()
            }
        }
    notes.add(at, f"{reason}: any members are accepted")
    return {}


def member(
    schema: Any, root: Any, place: str, notes: Notes, form: Form, is_required: bool
) -> Declared:
    """A named value as a spec declares it."""
    schema = schema if isinstance(schema, dict) else {}
    found = declared(schema, root, place, notes, form)
    return found if is_required else {**found, "required": False}


def _is_of(kind: str, value: Any) -> bool:
    return allows(Field_.model_construct(type=kind, enum=None), value)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_sane(value: Any) -> bool:
    return not _is_number(value) or abs(value) <= _LARGEST
