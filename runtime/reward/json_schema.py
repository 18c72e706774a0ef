"""`json_schema`: 1 when the value is valid against a JSON Schema; else 0.

    schema {type: object, required: [job]}, answer {"job": "J1"}          1
    the same, a text answer '{"job": "J1"}'                               1     read as JSON first
    the same, a text answer '{"job": "J1", "job": "J2"}' or 'J1'          0     not JSON
    schema {type: integer}, answer true                                   0
    no answer                                                             0

A whole answer that is text is read as JSON; a field of a typed answer is a value already.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mrlc.runtime.json_values import loads
from mrlc.runtime.patterns import Pattern
from mrlc.runtime.reward.component import COMPONENTS, MISSING, Component, Site, given
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.schemas.components import JsonSchema

if TYPE_CHECKING:
    from jsonschema import ValidationError


@COMPONENTS.register("json_schema")
def json_schema(declared: JsonSchema, site: Site) -> Component:
    """For the form of a structured answer."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry

    bounded = extend(Draft202012Validator, {"pattern": _pattern})
    # An empty registry: without one, a `$ref` to elsewhere would be fetched.
    validator = bounded(declared.schema_, registry=Registry())

    def component(trajectory: Trajectory) -> bool:
        value = _read(given(trajectory, declared.field), is_whole=declared.field is None)
        try:
            return value is not MISSING and bool(validator.is_valid(value))
        except RecursionError:  # a model wrote it deeper than a schema of itself can be followed
            return False

    return component


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """JSON Schema's `pattern`, with an end to every match."""
    from jsonschema import ValidationError

    if isinstance(value, str) and not Pattern(pattern).is_in(value):
        yield ValidationError(f"does not match {pattern}")


def _read(value: Any, *, is_whole: bool) -> Any:
    if not (is_whole and isinstance(value, str)):
        return value
    try:
        return loads(value)
    except ValueError:
        return MISSING
