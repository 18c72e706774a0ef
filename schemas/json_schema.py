"""The JSON Schema of a spec as people write it, for editors.

It differs from the models in what the compiler consumes before them: `extends`, `vars` and `sweep`
are allowed, `{{ … }}` may stand for any scalar, and a spec that extends others may leave out what
they hold. Numbers, choices and patterns are otherwise those that the compiler enforces.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mrlc.schemas.experiment import Experiment
from mrlc.schemas.sweep import Sweep

COMMITTED = Path(__file__).with_name("spec.schema.json")
"""The copy that editors point to; a test holds that it is current."""

Schema = dict[str, Any]

_EXPRESSION: Schema = {
    "type": "string",
    "pattern": r"\{\{[\s\S]*\}\}",
    "description": "An expression, `{{ vars.name }}`, evaluated when the spec is compiled.",
}
BEFORE: Schema = {
    "extends": {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "description": "Specs that this one is laid over, relative to this file.",
    },
    "vars": {
        "type": "object",
        "description": "Values for expressions, used as `{{ vars.name }}`.",
    },
}
"""What the compiler consumes before it validates, but for `sweep`, which is a section."""
_SCALARS = ("integer", "number", "boolean", "string")
_LITERAL = frozenset({"mrlc"})
"""Fields that are read before any expression is."""


def spec_schema() -> Schema:
    """The schema of an experiment, and of what the compiler consumes before it."""
    schema = Experiment.model_json_schema(by_alias=True)
    sections = schema["$defs"]
    for section in (*sections.values(), schema):
        for name, field in section.get("properties", {}).items():
            if isinstance(field.get("default"), dict):
                del field["default"]  # a whole section; its fields say theirs
            if name not in _LITERAL:
                section["properties"][name] = _or_expression(field)
    sections["Expression"] = _EXPRESSION
    sweep = Sweep.model_json_schema(by_alias=True)
    sections |= sweep.pop("$defs")
    complete = _requirements(schema, sections)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"] = BEFORE | {"sweep": sweep} | schema["properties"]
    schema |= {"if": {"required": ["extends"]}, "else": complete}
    return schema


def text() -> str:
    """The schema as it is committed."""
    return json.dumps(spec_schema(), indent=2, ensure_ascii=False) + "\n"


def _or_expression(field: Schema) -> Schema:
    """A field that also takes an expression, wherever it takes a scalar other than any text."""
    if _is_scalar(field):
        about: Schema = {
            key: field[key] for key in ("title", "description", "default") if key in field
        }
        value = {key: field[key] for key in field if key not in about}
        return {**about, "anyOf": [value, {"$ref": "#/$defs/Expression"}]}
    found = dict(field)
    if "oneOf" in found:  # an expression for the `kind` fits every member
        found["anyOf"] = found.pop("oneOf")
        found.pop("discriminator", None)  # a union told apart by form has none
    if "anyOf" in found:
        members = [_or_expression(member) for member in found["anyOf"]]
        flat = [part for one in members for part in one.get("anyOf", [one])]
        found["anyOf"] = [one for i, one in enumerate(flat) if one not in flat[:i]]
    for inner in ("items", "additionalProperties"):
        if isinstance(found.get(inner), dict):
            found[inner] = _or_expression(found[inner])
    if "patternProperties" in found:
        each = found["patternProperties"].items()
        found["patternProperties"] = {key: _or_expression(one) for key, one in each}
    return found


def _is_scalar(field: Schema) -> bool:
    if field.get("type") not in _SCALARS:
        return False
    limits = ("pattern", "enum", "const", "maxLength")
    return field["type"] != "string" or any(limit in field for limit in limits)


def _requirements(section: Schema, sections: Schema) -> Schema:
    """The required keys of a section and of those in it, taken out of them.

    They count only for a spec that extends nothing. A list is never merged with that of a base,
    so sections in lists keep theirs.
    """
    found: Schema = {"required": section.pop("required")} if "required" in section else {}
    below = {
        name: needed
        for name, field in section.get("properties", {}).items()
        for target in _sections_of(field)
        if (needed := _requirements(sections[target], sections))
    }
    return found | ({"properties": below} if below else {})


def _sections_of(field: Schema) -> list[str]:
    """The section that a field holds, if it is one and not a choice of several."""
    members = [field, *field.get("anyOf", [])]
    names = [one["$ref"].removeprefix("#/$defs/") for one in members if "$ref" in one]
    return names if len(names) == 1 else []
