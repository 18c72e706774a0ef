"""JSON Schemas that components hold: they are some, and lead nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mrlc.compiler.rules import Edit, Finding, Subject, rule
from mrlc.schemas.components import JsonSchema

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
FORM = "{name: form, kind: json_schema, schema: {required: JOB}, weight: 0.1}"


@rule(
    "MRLC588",
    "bad-json-schema",
    bad=(Edit(POLITE, FORM.replace("JOB", "job")),),
    good=(Edit(POLITE, FORM.replace("JOB", "[job]")),),
)
def schemas_are_schemas(subject: Subject) -> Iterator[Finding]:
    """The `schema` of a component is not a JSON Schema, or refers to what it does not hold.

    The first answer would end the run: nothing can be checked against it.

    Write draft 2020-12; put what is used twice under `$defs`, and refer to `#/$defs/name`.
    """
    for index, component in enumerate(subject.experiment.reward.components):
        if isinstance(component, JsonSchema):
            fault = _fault(component.schema_)
            if fault is not None:
                yield Finding(f"reward.components.{index}.schema", fault)


def _fault(schema: dict[str, Any]) -> str | None:
    from jsonschema import Draft202012Validator, SchemaError
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = "".join(f"/{part}" for part in error.absolute_path)
        return f"not a JSON Schema: {error.message[:200]}" + (f", at {where}" if where else "")
    except RecursionError:
        return "not a JSON Schema: it is too deep"
    resource = DRAFT202012.create_resource(schema)
    resolver = Registry().with_resource("", resource).resolver_with_root(resource)
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except (Unresolvable, ValueError):
            return f"`{reference}` refers to nothing in the schema"
    return None


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
