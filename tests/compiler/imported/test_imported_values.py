"""A JSON Schema as a parameter can say it: each form, and a note on all that is lost."""

from __future__ import annotations

from typing import Any

import pytest

from mrlc.compiler.imported.note import Notes, plain
from mrlc.compiler.imported.values import declared

ROOT = {
    "$defs": {"Day": {"type": "string", "enum": ["mon", "tue"]}, "Loop": {"$ref": "#/$defs/Loop"}}
}

SAID = [
    ({"type": "string", "format": "date", "title": "x", "examples": ["a"]}, {"type": "string"}),
    ({"type": "integer", "minimum": 1, "maximum": 3}, {"type": "integer", "minimum": 1, "maximum": 3}),
    ({"type": "integer", "exclusiveMinimum": 1}, {"type": "integer", "minimum": 2}),
    ({"type": "integer", "minimum": 0.5, "exclusiveMinimum": True}, {"type": "integer", "minimum": 1}),
    ({"type": "integer", "maximum": 3, "exclusiveMaximum": False}, {"type": "integer", "maximum": 3}),
    ({"$ref": "#/$defs/Day", "description": "D"},
     {"type": "string", "description": "D", "enum": ["mon", "tue"]}),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}, {"type": "integer"}),
    ({"type": ["number", "null"]}, {"type": "number"}),
    ({"const": "a"}, {"type": "string", "enum": ["a"]}),
    ({"enum": [1, None, 2]}, {"type": "integer", "enum": [1, 2]}),
    ({"oneOf": [{"const": "a"}, {"const": "b"}]}, {"type": "string", "enum": ["a", "b"]}),
    ({"allOf": [{"$ref": "#/$defs/Day"}], "description": "D"},
     {"type": "string", "description": "D", "enum": ["mon", "tue"]}),
    ({"items": {"type": "string"}}, {"type": "array", "items": {"type": "string"}}),
    ({"type": "array"}, {"type": "array"}),
    ({"type": "object", "additionalProperties": {"type": "string"}}, {"type": "object"}),
    ({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a", "b"],
      "additionalProperties": False}, None),
    ({"type": "array", "items": {"properties": {"a": {"type": "boolean"}}}},
     {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "boolean", "required": False}}}}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected"), SAID, ids=range(len(SAID)))
def test_what_can_be_said_is_said_without_a_note(schema: Any, expected: Any) -> None:
    notes = Notes("t")
    found = declared(schema, ROOT, "/p", notes)
    if expected is not None:
        assert found == expected
        assert notes.found == []


NO_TYPE = "no type that a spec knows: written as a string"
LOST = [
    (True, {"type": "string"}, "/p", NO_TYPE),
    ({"$ref": "other.json#/a"}, {"type": "string"}, "/p", NO_TYPE),
    ({"$ref": "#/$defs/Loop"}, {"type": "string"}, "/p", NO_TYPE),
    ({"type": "file"}, {"type": "string"}, "/p", NO_TYPE),
    ({"type": ["string", "integer"]}, {"type": "string"}, "/p", "one of 2 types: written as string"),
    ({"oneOf": [{"type": "integer"}, {"type": "object"}]}, {"type": "integer"}, "/p",
     "`oneOf` of 2 forms: the first is written"),
    ({"type": "string", "maxLength": 3}, {"type": "string"}, "/p", "`maxLength` is not checked"),
    ({"type": "string", "pattern": "(?<x"}, {"type": "string"}, "/p",
     "the pattern `(?<x` is none of Python's: it is not checked"),
    ({"type": "integer", "enum": [1, "2", 3.5]}, {"type": "integer", "enum": [1]}, "/p",
     "choices that are no integer are left out"),
    ({"type": "array", "enum": [[1]]}, {"type": "array"}, "/p",
     "choices among values of type array are not checked"),
    ({"type": "number", "minimum": 2, "maximum": 1}, {"type": "number"}, "/p",
     "no number is in the range: it is left out"),
    ({"type": "number", "minimum": 10**400}, {"type": "number"}, "/p",
     "`minimum` is too large to be checked"),
    ({"type": "number", "exclusiveMaximum": 1}, {"type": "number", "maximum": 1}, "/p",
     "`exclusiveMaximum` is written as `maximum`: 1 itself is allowed"),
    ({"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
     {"type": "array", "items": {"type": "array"}}, "/p/items/items",
     "nested too deep for a spec: any items are accepted"),
    ({"type": "object", "properties": {"a": {"type": "object", "properties": {"b": {}}}}},
     {"type": "object", "properties": {"a": {"type": "object", "required": False}}},
     "/p/properties/a/properties", "nested too deep for a spec: any members are accepted"),
    ({"type": "object", "properties": {"a/b": {"type": "string"}}}, {"type": "object"},
     "/p/properties", "`a/b` cannot be the name of a member: any members are accepted"),
    ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
     {"type": "object"}, "/p/properties",
     "members besides those named are allowed: any members are accepted"),
    ({"type": "string", "description": "x" * 3000}, {"type": "string", "description": "x" * 2000},
     "/p", "the description is cut to its first 2,000 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected", "place", "text"), LOST, ids=range(len(LOST)))
def test_what_is_lost_is_told_with_its_place(
    schema: Any, expected: Any, place: str, text: str
) -> None:
    notes = Notes("t")
    assert declared(schema, ROOT, "/p", notes) == expected
    assert [(note.place, note.text) for note in notes.found] == [(place, text)]


@pytest.mark.parametrize("hostile", ["a\nb", "\x1b[2J", "\u2028x", "\x7f", "é" * 999, "#" * 500])
def test_a_quotation_is_one_short_line_of_ascii(hostile: str) -> None:
    shown = plain(hostile)
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= 60
