"""What the schema says about a place: the fields of a section, the words for a type.

pydantic reports an error with the path to it, in which the members of unions stand as extra
parts. These functions walk the models along such a path.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from mrlc.schemas import Experiment
from mrlc.schemas.json_schema import BEFORE
from mrlc.schemas.sweep import Sweep

Location = tuple[str | int, ...]


class Consumed(BaseModel):
    """What a spec has beside an experiment; the compiler consumes it."""

    extends: str | tuple[str, ...] = Field((), description=BEFORE["extends"]["description"])
    vars: dict[str, Any] = Field({}, description=BEFORE["vars"]["description"])
    sweep: Sweep | None = None


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a section, by the names that a spec uses."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def section_at(location: Location) -> type[BaseModel] | None:
    """The section that a location leads to, if it is one."""
    models = _sections(_type_at(location))
    return models[0] if len(models) == 1 else None


def is_tag(location: Location) -> bool:
    """Whether the last part of a location is no key, but says which section of a union is meant.

    A key of the section may have that name too, such as `python` of a component.
    """
    *above, part = location
    return _tagged(_type_at(tuple(above)), part) is not None


def _type_at(location: Location) -> Any:
    """The type that a location leads to, None where it leads nowhere."""
    found: Any = Experiment
    if location[:1] == ("sweep",):  # beside the experiment, not in it
        found, location = Sweep, location[1:]
    for part in location:
        steps = [step for member in members(found) for step in _step(member, part)]
        found = _tagged(found, part) or (steps[0] if steps else None)
    return found


def _tagged(annotation: Any, part: str | int) -> type[BaseModel] | None:
    """The section that a tag chooses out of a union."""
    sections = _sections(annotation)
    chosen = (section for section in sections if part in _tags(section))
    return next(chosen, None) if len(sections) > 1 else None


def _sections(annotation: Any) -> list[type[BaseModel]]:
    return [member for member in members(annotation) if _is_model(member)]


def about(model: type[BaseModel], name: str) -> str | None:
    """One sentence on a field, from its own description or that of its section."""
    field = fields(model).get(name)
    if field is None:
        return None
    if field.description:
        return _sentence(field.description)
    models = [member for member in members(field.annotation) if _is_model(member)]
    return _sentence(inspect.getdoc(models[0])) if len(models) == 1 else None


def _sentence(text: str | None) -> str | None:
    """The first sentence of a text, whose lines may be broken anywhere."""
    whole = " ".join((text or "").partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z`])", whole)[0].rstrip(".") or None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def members(annotation: Any) -> Iterator[Any]:
    """The alternatives of a type, options and annotations opened."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from members(get_args(annotation)[0])
    elif origin in (tuple, dict) or not get_args(annotation):
        yield annotation
    else:
        for argument in get_args(annotation):
            yield from members(argument)


def _step(member: Any, part: str | int) -> Iterator[Any]:
    """Where one part of a location leads from one alternative."""
    origin = get_origin(member)
    if _is_model(member):
        known = fields(member)
        if part in known:
            yield known[str(part)].annotation
        elif part in _tags(member):
            yield member
    elif origin is dict:
        yield get_args(member)[1]
    elif origin is tuple and isinstance(part, int):
        yield get_args(member)[0]


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    """The values of `kind` that choose a section out of a union."""
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind else ()


def fields_at(path: tuple[str, ...]) -> list[tuple[type[BaseModel], str]]:
    """The fields that a path of a spec names, each with its section; several in a union."""
    found: list[tuple[type[BaseModel], str]] = []
    places: list[Any] = [Experiment, Consumed]
    for part in path:
        alternatives = [member for place in places for member in members(place)]
        found = [(one, part) for one in alternatives if _is_model(one) and part in fields(one)]
        key: str | int = int(part) if part.isdigit() else part
        places = [
            step
            for member in alternatives
            for step in _step(member, key)
            if not _is_model_tag(member, key)
        ]
    return found


def names_at(path: tuple[str, ...]) -> list[str]:
    """The names that may follow a path."""
    places: list[Any] = [Experiment, Consumed]
    for part in path:
        key: str | int = int(part) if part.isdigit() else part
        places = [
            step for place in places for member in members(place) for step in _step(member, key)
        ]
    models = [member for place in places for member in members(place) if _is_model(member)]
    return list(dict.fromkeys(name for model in models for name in fields(model)))


def _is_model_tag(member: Any, part: str | int) -> bool:
    """Whether a part is the tag of a union's member, which a spec's paths do not have."""
    return _is_model(member) and part not in fields(member)
