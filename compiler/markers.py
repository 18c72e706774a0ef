"""Where the schema has prompts, files and code: found by walking the models.

A pattern is a path with `*` for any index or key: `("environment", "tools", "*", "python")`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from mrlc.compiler.tree import Keys
from mrlc.schemas import Experiment
from mrlc.schemas.section import CodeMarker, FileMarker, FolderMarker, PromptMarker

Marker = PromptMarker | FileMarker | FolderMarker | CodeMarker


@cache
def marked() -> tuple[tuple[Keys, Marker], ...]:
    """Every marked field of a spec, with its marker."""
    return tuple(_model(Experiment, ()))


@cache
def prompts() -> dict[Keys, PromptMarker]:
    """Patterns of the texts rendered for each episode."""
    return {path: marker for path, marker in marked() if isinstance(marker, PromptMarker)}


def fits(path: Keys, pattern: Keys) -> bool:
    """Whether a path is one of those that a pattern stands for."""
    return len(path) == len(pattern) and all(
        wanted in ("*", part) for part, wanted in zip(path, pattern, strict=True)
    )


def _model(model: type[BaseModel], at: Keys) -> Iterator[tuple[Keys, Marker]]:
    for name, field in model.model_fields.items():
        here = (*at, field.alias or name)
        yield from ((here, item) for item in field.metadata if isinstance(item, Marker))
        yield from _annotation(field.annotation, here)


def _annotation(annotation: Any, at: Keys) -> Iterator[tuple[Keys, Marker]]:
    """The markers inside a type: through options, unions, tuples and dictionaries."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _model(annotation, at)
    elif origin is Annotated:
        yield from ((at, item) for item in arguments[1:] if isinstance(item, Marker))
        yield from _annotation(arguments[0], at)
    elif origin is dict:
        yield from _annotation(arguments[1], (*at, "*"))
    elif origin is tuple:
        yield from _annotation(arguments[0], (*at, "*"))
    else:
        for argument in arguments:
            yield from _annotation(argument, at)
