"""Tree to `Experiment`; pydantic's errors become ours, each at its place and said once.

pydantic knows no positions, so the path of an error is followed down the tree; parts that
are not in the tree (members of unions, `[key]`) are dropped. Errors of several members of one
union become one fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ValidationError

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Fix, Span
from mrlc.compiler.shape import Location, about, fields, is_tag, section_at
from mrlc.compiler.suggest import certain, did_you_mean, nearest
from mrlc.compiler.tree import (
    Entry,
    Keys,
    Mapping,
    Node,
    Scalar,
    Source,
    children,
    find,
    name_span,
    plain,
    value_span,
)
from mrlc.compiler.wording import Complaint, complain
from mrlc.schemas import Experiment
from mrlc.schemas.sweep import Sweep


def validate(tree: Mapping) -> Experiment:
    """The experiment that a resolved tree describes.

    Raises:
        CompileFailed: with every fault against the schema.
    """
    try:
        return Experiment.model_validate_json(json.dumps(plain(tree)))
    except ValidationError as error:
        raise CompileFailed(_diagnostics(error, tree)) from None


class _Swept(BaseModel):
    """Around a sweep, so that its errors have the paths of the spec."""

    sweep: Sweep


def validate_sweep(entry: Entry) -> Sweep:
    """The sweep that an entry of the spec describes.

    Raises:
        CompileFailed: with every fault against the schema.
    """
    tree = Mapping({"sweep": entry}, entry.key)
    try:
        return _Swept.model_validate_json(json.dumps(plain(tree))).sweep
    except ValidationError as error:
        raise CompileFailed(_diagnostics(error, tree)) from None


@dataclass(frozen=True)
class _Error:
    """One of pydantic's errors, with its location followed down the tree."""

    kind: str
    context: dict[str, Any]
    message: str
    location: Location
    path: Keys
    """The longest part of the location that is in the tree."""
    union: Keys | None
    """Where the alternatives parted, if the location goes through a union."""


def _diagnostics(error: ValidationError, tree: Mapping) -> Iterator[Diagnostic]:
    found = (_follow(item, tree) for item in error.errors(include_url=False))
    errors = [item for item in found if not _is_echo(item, tree)]
    errors = _without_renamed(errors, tree)
    errors.sort(key=lambda item: (item.union or item.path, item.path))
    for key, group in groupby(errors, key=lambda item: item.union):
        members = list(group)
        if key is not None:
            deepest = max(len(item.path) for item in members)
            members = [item for item in members if len(item.path) == deepest]
            if deepest == len(key):
                yield _of_union(members, tree)
                continue
        for item in members:
            yield _diagnostic(item, tree)


def _follow(error: Any, tree: Mapping) -> _Error:
    """Drop the parts of a location that are not in the tree."""
    location: Location = error["loc"]
    path: Keys = ()
    union: Keys | None = None
    node: Node = tree
    for end, part in enumerate(location, 1):
        if is_tag(location[:end]):
            continue
        below = next((value for key, value, _ in children(node) if key == str(part)), None)
        if below is not None:
            node, path = below, (*path, str(part))
        elif isinstance(part, str) and part != "[key]" and error["type"] != "missing":
            union = path if "[" in part else union  # `literal['x']`, `tuple[str, ...]`
    return _Error(error["type"], error.get("ctx") or {}, error["msg"], location, path, union)


def _is_echo(error: _Error, tree: Mapping) -> bool:
    """pydantic calls a list too short when its items were refused; only the items are at fault."""
    node = find(tree, error.path)
    if error.kind != "too_short" or node is None:
        return False
    least: int = error.context["min_length"]
    return len(list(children(node))) >= least


def _without_renamed(errors: list[_Error], tree: Mapping) -> list[_Error]:
    """A misspelt key is one fault: the key is unknown, not also missing under its right name.

    Nor is a mapping at fault for the lack of a key that could not be read.
    """
    renamed = {
        (item.path[:-1], near)
        for item in errors
        if item.kind == "extra_forbidden" and (near := _meant(item, tree))
    }
    return [
        item
        for item in errors
        if _is_whole(item, tree)
        and (item.kind != "missing" or (item.path, str(item.location[-1])) not in renamed)
    ]


def _is_whole(error: _Error, tree: Mapping) -> bool:
    node = find(tree, error.path)
    return not isinstance(node, Mapping) or node.is_whole


def _meant(error: _Error, tree: Mapping) -> str | None:
    """The field that an unknown key was probably meant to be; one not given yet comes first."""
    section = section_at(error.location[:-1])
    name = str(error.location[-1])
    return nearest(name, _free(error, tree)) or nearest(name, fields(section) if section else ())


def _free(error: _Error, tree: Mapping) -> list[str]:
    """The fields of an unknown key's section that are not given."""
    section = section_at(error.location[:-1])
    parent = find(tree, error.path[:-1])
    given = parent.entries if isinstance(parent, Mapping) else {}
    return [key for key in (fields(section) if section else ()) if key not in given]


def _diagnostic(error: _Error, tree: Mapping) -> Diagnostic:
    if error.kind == "missing":
        return _missing(error, tree)
    if error.kind == "extra_forbidden":
        return _unknown(error, tree)
    if error.kind == "union_tag_not_found":
        tag = error.context["discriminator"].strip("'")
        return _missing_tag(error, tree, tag)
    if error.kind == "union_tag_invalid":
        return _unknown_tag(error, tree)
    node = find(tree, error.path)
    assert node is not None
    if error.location[-1:] == ("[key]",):
        node = Scalar(error.path[-1], name_span(tree, error.path), Source("", ()))
    return _place(complain(error.kind, error.context, error.message, node, error.path), error, tree)


def _place(complaint: Complaint, error: _Error, tree: Mapping) -> Diagnostic:
    is_key = error.location[-1:] == ("[key]",)
    at_name = is_key or error.kind == "value_error"
    span = (name_span if at_name else value_span)(tree, error.path)
    path = ".".join(error.path)
    return Diagnostic(
        complaint.code,
        complaint.message,
        span,
        complaint.label,
        help=complaint.help,
        path=path,
        fix=complaint.fix(span),
    )


def _missing(error: _Error, tree: Mapping) -> Diagnostic:
    name = str(error.location[-1])
    where = section_name(error.path, tree)
    section = section_at(error.location[:-1])
    text = about(section, name) if section else None
    return Diagnostic(
        "MRLC201",
        f"missing key `{name}`",
        name_span(tree, error.path),
        f"{where} needs `{name}`",
        help=f"`{name}`: {text}" if text else None,
        path=".".join((*error.path, name)),
    )


def _unknown(error: _Error, tree: Mapping) -> Diagnostic:
    name = str(error.location[-1])
    section = section_at(error.location[:-1])
    near = _meant(error, tree)
    help = f"did you mean `{near}`?" if near else None
    if help is None and section is not None:
        help = did_you_mean(name, fields(section))
    where = section_name(error.path[:-1], tree)
    span = name_span(tree, error.path)
    path = ".".join(error.path)
    label = f"not a field of {where}"
    fix = _renamed(name, near, span, _free(error, tree)) if near else None
    return Diagnostic(
        "MRLC204", f"unknown key `{name}`", span, label, help=help, path=path, fix=fix
    )


def _renamed(name: str, near: str, span: Span, free: list[str]) -> Fix | None:
    """The right key, if it is not there already; safe where no other can have been meant."""
    if near not in free:
        return None
    return Fix.at(span, name, near, is_safe=certain(name, free) == near)


def _missing_tag(error: _Error, tree: Mapping, tag: str) -> Diagnostic:
    where = section_name(error.path, tree)
    span = name_span(tree, error.path)
    path = ".".join((*error.path, tag))
    return Diagnostic("MRLC201", f"missing key `{tag}`", span, f"{where} needs `{tag}`", path=path)


def _unknown_tag(error: _Error, tree: Mapping) -> Diagnostic:
    path = (*error.path, error.context["discriminator"].strip("'"))
    node = find(tree, path)
    complaint = complain(
        "literal_error", {"expected": error.context["expected_tags"]}, "", node, path
    )
    span = value_span(tree, path)
    return Diagnostic(
        complaint.code,
        complaint.message,
        span,
        complaint.label,
        help=complaint.help,
        path=".".join(path),
        fix=complaint.fix(span),
    )


def _of_union(errors: list[_Error], tree: Mapping) -> Diagnostic:
    """One fault for a value that fits no member of a union."""
    node = find(tree, errors[0].path)
    said = [complain(item.kind, item.context, item.message, node, item.path) for item in errors]
    expected = " or ".join(one.label.removeprefix("expected ") for one in said)
    merged = said[0]._replace(label=f"expected {expected}")
    return _place(merged, errors[0], tree)


def section_name(path: Keys, tree: Node) -> str:
    """A section in words: `algorithm`, tool `find_order`, the spec."""
    if not path:
        return "the spec"
    node = find(tree, path)
    if path[-1].isdigit() and isinstance(node, Mapping):
        kind = {"tools": "tool", "components": "component"}.get(path[-2], f"{path[-2]}")
        name = node.entries.get("name")
        if name and isinstance(name.value, Scalar):
            return f"{kind} `{name.value.value}`"
        return f"{kind} {int(path[-1]) + 1}"
    return f"`{'.'.join(path)}`"
