"""What can be read of a spec with faults, so that the rules see it too, and say all at once.

A salvaged experiment has every value that is sound and a gap wherever there is a fault. A field
with a gap is absent: a rule that reads it is stopped there by `Unsound`, and what it had found
before stands. So no rule is told a value that nobody wrote: a misspelt key is a gap under the
name that was probably meant, and not that field's default.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from mrlc.compiler.shape import fields, members
from mrlc.compiler.suggest import nearest
from mrlc.compiler.tree import Keys, Mapping, Node, Scalar, Sequence, plain
from mrlc.schemas import Experiment
from mrlc.schemas.section import Unsound


def salvage(tree: Mapping, faulty: Iterable[str]) -> Experiment:
    """The experiment that a tree describes apart from what is at fault, by dotted paths."""
    gaps = {tuple(path.split(".")) for path in faulty}
    found: Experiment = _Salvage(gaps).section(Experiment, tree, ())
    return found


class _Gap:
    """An item of a list or mapping of sections whose fault leaves nothing of it."""

    def __getattr__(self, name: str) -> Any:
        raise Unsound(name)


class _Salvage:
    def __init__(self, gaps: set[Keys]) -> None:
        self.gaps = gaps
        self.above = {gap[:end] for gap in gaps for end in range(len(gap))}
        """Every place that has a gap somewhere below it."""

    def section(self, model: type[BaseModel], node: Mapping, at: Keys) -> Any:
        """A section with its sound fields."""
        known = fields(model)
        meant = {nearest(key, known) for key in node.entries if key not in known}
        found: dict[str, Any] = {}
        for name, field in model.model_fields.items():
            key = field.alias or name
            entry = node.entries.get(key)
            if entry is not None:
                value = self.value(field.annotation, entry.value, (*at, key))
                if not isinstance(value, _Gap):
                    found[name] = value
            elif node.is_whole and not field.is_required() and key not in meant:
                found[name] = field.get_default(call_default_factory=True)
        made = model.model_construct()
        made.__dict__.clear()
        made.__dict__.update(found)
        return made if _is_consistent(made) else _Gap()

    def value(self, annotation: Any, node: Node, at: Keys) -> Any:
        """A value of a type, a `_Gap` where nothing of it is sound."""
        if at in self.gaps:
            return _Gap()
        if at not in self.above and _is_whole(node):
            return _read(annotation, plain(node))
        for member in members(annotation):
            origin = get_origin(member)
            if isinstance(node, Mapping) and _is_section(member) and _fits(member, node):
                return self.section(member, node, at)
            if isinstance(node, Mapping) and origin is dict and _holds_sections(member):
                key_type, inner = get_args(member)
                if any(isinstance(_read(key_type, key), _Gap) for key in node.entries):
                    return _Gap()  # what is under a wrong name is missing under its right one
                return {
                    key: self.value(inner, entry.value, (*at, key))
                    for key, entry in node.entries.items()
                }
            if isinstance(node, Sequence) and origin is tuple and _holds_sections(member):
                inner = get_args(member)[0]
                return tuple(
                    self.value(inner, item, (*at, str(index)))
                    for index, item in enumerate(node.items)
                )
        return _Gap()


def _is_consistent(section: BaseModel) -> bool:
    """Whether a section's own validators accept it; they did not run beside a field at fault."""
    for validator in type(section).__pydantic_decorators__.model_validators.values():
        try:
            validator.func(section)
        except Unsound:
            continue
        except ValueError:
            return False
    return True


def _is_whole(node: Node) -> bool:
    """Whether no key in a node or below it was unreadable."""
    if isinstance(node, Mapping):
        return node.is_whole and all(_is_whole(entry.value) for entry in node.entries.values())
    return not isinstance(node, Sequence) or all(map(_is_whole, node.items))


def _is_section(member: Any) -> bool:
    return isinstance(member, type) and issubclass(member, BaseModel)


def _holds_sections(member: Any) -> bool:
    return any(_is_section(one) for item in get_args(member) for one in members(item))


def _fits(model: type[BaseModel], node: Mapping) -> bool:
    """Whether a mapping is of this member of a union, which its `kind` says."""
    kind = model.model_fields.get("kind")
    given = node.entries.get("kind")
    if kind is None or given is None:
        return kind is None or not kind.is_required()
    return isinstance(given.value, Scalar) and given.value.value in get_args(kind.annotation)


def _read(annotation: Any, value: Any) -> Any:
    """A value without faults below it; a gap if a fault of what is above has hidden its own."""
    try:
        return _adapter(annotation).validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return _Gap()


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)
