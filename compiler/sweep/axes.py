"""The `sweep` section, read: what differs between variants, each value with its place.

An axis has one path or, where lists advance together, several; a point is one value for each
of them. Values may be computed from variables, but not from those that are swept themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from mrlc.compiler.diagnostics import Diagnostic, Label, Span, fail_on
from mrlc.compiler.markers import fits, prompts
from mrlc.compiler.sweep.paths import path_fault
from mrlc.compiler.tree import Entry, Keys, Mapping, Node, Scalar, Sequence, head, plain, put
from mrlc.compiler.validate import validate_sweep
from mrlc.compiler.variables import Places, expressions, values, variables_of
from mrlc.schemas.sweep import Sample

Assigned = dict[str, Node]
"""Values by dotted path."""


@dataclass(frozen=True)
class Axis:
    """Paths that advance together, and the values they take."""

    paths: tuple[str, ...]
    points: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Exclusion:
    """Values that are not to be tried together."""

    assigned: Assigned
    span: Span


@dataclass(frozen=True)
class Plot:
    """All that a sweep varies."""

    axes: tuple[Axis, ...]
    exclusions: tuple[Exclusion, ...]
    sample: Sample | None
    named: dict[str, Assigned]
    span: Span
    """The key `sweep`, or what follows it."""


def spelled(node: Node) -> str:
    """A value in canonical JSON, to compare and to digest."""
    return json.dumps(plain(node), sort_keys=True, ensure_ascii=False)


def read(tree: Mapping) -> Plot:
    """The sweep of a merged spec.

    Raises:
        CompileFailed: with every fault of the section.
    """
    entry = tree.entries["sweep"]
    section = _evaluated(entry.value, tree)
    schema = validate_sweep(Entry(entry.key, section))
    assert isinstance(section, Mapping)
    axes = tuple(_axes(section))
    named = {name: _assigned(node) for name, node in _entries(section, "variants").items()}
    exclusions = [Exclusion(_assigned(node), head(node)) for node in _items(section, "exclude")]
    fail_on(
        [
            *_unknown(section, tree),
            *_repeated_paths(section),
            *_uneven(section),
            *(fault for axis in axes for fault in _repeated_points(axis)),
            *_idle(exclusions, axes),
        ]
    )
    return Plot(axes, tuple(exclusions), schema.sample, named, entry.key)


def _evaluated(node: Node, tree: Mapping) -> Node:
    """The section with its expressions evaluated.

    Raises:
        CompileFailed: an expression has no value.
    """
    swept = frozenset(path.split(".")[1] for path in _paths(node) if path.startswith("vars."))
    places: Places = {
        ("sweep", *path): scalar
        for path, scalar in expressions(node).items()
        if not any(fits(_target(path), kept) for kept in prompts())
    }
    found = values(variables_of(tree), places, axes=swept)
    fail_on(fault for fault in found.faults if fault.path.startswith("sweep."))
    for path, value in found.nodes.items():
        node = put(node, path[1:], value)
    return node


def _target(path: Keys) -> Keys:
    """The value of the spec that a value of the section is for: `over.a.b.0` is for `a.b`."""
    depth = {"over": 1, "zip": 2, "exclude": 2, "variants": 2}.get(path[0], 0)
    lists = path[0] in ("over", "zip")
    return (*path[depth].split("."), *path[depth + 1 + lists :]) if len(path) > depth else path


def _paths(section: Node) -> Iterator[str]:
    return (path for path, _ in _written(section))


def _written(section: Node) -> Iterator[tuple[str, Span]]:
    """Every path that the section assigns, with its place."""
    for group in (*_items(section, "zip"), _part(section, "over")):
        if isinstance(group, Mapping):
            yield from ((path, entry.key) for path, entry in group.entries.items())
    for group in _entries(section, "variants").values():
        if isinstance(group, Mapping):
            yield from ((path, entry.key) for path, entry in group.entries.items())


def _part(section: Node, key: str) -> Node | None:
    entry = section.entries.get(key) if isinstance(section, Mapping) else None
    return entry.value if entry else None


def _items(section: Node, key: str) -> tuple[Node, ...]:
    part = _part(section, key)
    return part.items if isinstance(part, Sequence) else ()


def _entries(section: Node, key: str) -> dict[str, Node]:
    part = _part(section, key)
    return _assigned(part) if isinstance(part, Mapping) else {}


def _assigned(node: Node) -> Assigned:
    assert isinstance(node, Mapping)
    return {path: entry.value for path, entry in node.entries.items()}


def _axes(section: Mapping) -> Iterator[Axis]:
    for path, node in _entries(section, "over").items():
        assert isinstance(node, Sequence)
        yield Axis((path,), tuple((item,) for item in node.items))
    for group in _items(section, "zip"):
        lists = _assigned(group)
        columns = [node.items for node in lists.values() if isinstance(node, Sequence)]
        yield Axis(tuple(lists), tuple(zip(*columns, strict=False)))


def _unknown(section: Mapping, tree: Mapping) -> Iterator[Diagnostic]:
    seen: set[tuple[str, Span]] = set()
    for path, span in _written(section):
        fault = path_fault(path, span, tree)
        if fault is not None and (path, span) not in seen:
            yield fault
        seen.add((path, span))


def _repeated_paths(section: Mapping) -> Iterator[Diagnostic]:
    """Paths given twice, or below one another, among the axes or in one named variant."""
    axes: list[Node | None] = [_part(section, "over"), *_items(section, "zip")]
    named: list[list[Node | None]] = [[node] for node in _entries(section, "variants").values()]
    for groups in [axes, *named]:
        first: dict[str, Span] = {}
        for group in groups:
            for path, entry in group.entries.items() if isinstance(group, Mapping) else ():
                above = [other for other in first if f"{path}.".startswith(f"{other}.")]
                below = [other for other in first if f"{other}.".startswith(f"{path}.")]
                if clash := [*above, *below]:
                    label = Label(first[clash[0]], "first given here")
                    same = clash[0] == path
                    message = f"`{path}` is given twice"
                    message = message if same else f"`{path}` and `{clash[0]}` overlap"
                    yield Diagnostic("MRLC403", message, entry.key, "", (label,), path=path)
                first.setdefault(path, entry.key)


def _uneven(section: Mapping) -> Iterator[Diagnostic]:
    for group in _items(section, "zip"):
        assert isinstance(group, Mapping)
        lists = [(path, entry, len(_values(entry))) for path, entry in group.entries.items()]
        first, first_entry, length = lists[0]
        for path, entry, other in lists[1:]:
            if other != length:
                message = f"`{path}` has {other} values, but `{first}` has {length}"
                label = Label(first_entry.key, "advances together with this list")
                help = "every combination of two lists is `over`, not `zip`"
                yield Diagnostic("MRLC404", message, entry.key, "", (label,), help, path)


def _values(entry: Entry) -> tuple[Node, ...]:
    return entry.value.items if isinstance(entry.value, Sequence) else ()


def _repeated_points(axis: Axis) -> Iterator[Diagnostic]:
    first: dict[tuple[str, ...], Node] = {}
    for point in axis.points:
        before = first.setdefault(tuple(spelled(value) for value in point), point[0])
        if before is not point[0]:
            shown = " and ".join(shown_value(value) for value in point)
            label = Label(head(before), "first listed here")
            message = f"{shown} is listed twice"
            yield Diagnostic("MRLC403", message, head(point[0]), "", (label,), path=axis.paths[0])


def shown_value(node: Node) -> str:
    """A value in a message."""
    text = node.text or str(node.value) if isinstance(node, Scalar) else "a value"
    return f"`{text}`" if isinstance(node, Scalar) else text


def _idle(exclusions: list[Exclusion], axes: tuple[Axis, ...]) -> Iterator[Diagnostic]:
    """Exclusions with a path or a value that no combination has."""
    known: dict[str, set[str]] = {}
    for axis in axes:
        for index, path in enumerate(axis.paths):
            known.setdefault(path, set()).update(spelled(point[index]) for point in axis.points)
    for exclusion in exclusions:
        for path, node in exclusion.assigned.items():
            if path not in known:
                message = f"`{path}` is not swept, so nothing is excluded"
                help = f"swept are {', '.join(f'`{name}`' for name in known)}" if known else None
                yield Diagnostic("MRLC405", message, exclusion.span, help=help, path=path)
            elif spelled(node) not in known[path]:
                message = f"`{path}` never is {shown_value(node)}, so nothing is excluded"
                help = f"its values are {', '.join(sorted(known[path]))}"
                yield Diagnostic("MRLC405", message, head(node), help=help, path=path)
