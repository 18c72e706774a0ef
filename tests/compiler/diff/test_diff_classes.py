"""Every field of the schema has a class: the table cannot fall behind the models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from mrlc.compiler.diff.changes import NAMED
from mrlc.compiler.diff.classes import CLASSES, class_of
from mrlc.compiler.tree import Keys
from mrlc.schemas import Experiment


def fields(model: type[BaseModel], at: Keys = ()) -> Iterator[tuple[Keys, bool]]:
    """Every path at which a change can be reported, and whether it is a leaf."""
    for name, field in model.model_fields.items():
        yield from below(field.annotation, (*at, field.alias or name), field.is_required())


def below(annotation: Any, at: Keys, always: bool) -> Iterator[tuple[Keys, bool]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield at, False
        yield from fields(annotation, at)
    elif origin is Annotated:
        yield from below(arguments[0], at, always)
    elif origin in (dict, tuple):
        yield at, False
        yield from below(arguments[-1] if origin is dict else arguments[0], (*at, "*"), False)
    elif arguments and origin is not None and str(origin) != "typing.Literal":
        for argument in arguments:
            yield from below(argument, at, False)
    else:
        yield at, True


LEAVES = sorted({path for path, is_leaf in fields(Experiment) if is_leaf})


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_every_leaf_has_a_class(path: Keys) -> None:
    class_of(path)


def optional(model: type[BaseModel], at: Keys = ()) -> Iterator[Keys]:
    """Sections that can be added or removed whole: options, and items of mappings and lists."""
    for name, field in model.model_fields.items():
        here = (*at, field.alias or name)
        yield from _optional(field.annotation, here, False)


def _optional(annotation: Any, at: Keys, is_option: bool) -> Iterator[Keys]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if is_option:
            yield at
        yield from optional(annotation, at)
    elif origin is Annotated:
        yield from _optional(arguments[0], at, is_option)
    elif origin in (dict, tuple):
        yield from _optional(arguments[-1] if origin is dict else arguments[0], (*at, "*"), True)
    elif arguments and str(origin) != "typing.Literal":
        for argument in arguments:
            yield from _optional(argument, at, True)


@pytest.mark.parametrize("path", [*sorted(set(optional(Experiment))), *NAMED], ids=".".join)
def test_every_section_that_comes_and_goes_has_a_class(path: Keys) -> None:
    class_of(path)


def test_no_class_without_a_field() -> None:
    known = {path[:n] for path, _ in fields(Experiment) for n in range(1, len(path) + 1)}
    named = {tuple(text.removesuffix(".**").split(".")) for text in CLASSES}
    assert named <= known


def test_unknown_field_is_told_where_to_go() -> None:
    with pytest.raises(KeyError, match=r"give algorithm\.new a class in compiler/diff/classes\.py"):
        class_of(("algorithm", "new"))
