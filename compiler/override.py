"""`--set path=value`: values from the command line, laid over the merged spec.

A path is dotted, with list indices as numbers: `reward.components.0.weight=0.5`. The value is
YAML. The options together are one text, a line each, so a fault in one of them is shown like
any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as Listed
from dataclasses import replace
from itertools import islice

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Span
from mrlc.compiler.project import OVERRIDES
from mrlc.compiler.shape import fields
from mrlc.compiler.source import parse
from mrlc.compiler.suggest import listing
from mrlc.compiler.tree import Entry, Mapping, Node, Scalar, Sequence, Source
from mrlc.schemas import Experiment

_EXAMPLE = "write path=value, as in algorithm.steps=20"
_INDEX = re.compile(r"(.*?)\[(\d+)\]")
_BESIDE = ("vars", "sweep", "extends")
"""Sections of a spec beside those of the experiment."""


def apply(tree: Mapping, overrides: Listed[str]) -> Mapping:
    """The tree with every override in place, later ones over earlier ones.

    Raises:
        CompileFailed: an option has no `=`, its value is no YAML on one line, or its path leads
            nowhere.
    """
    source = Source(OVERRIDES, tuple(overrides))
    faults: list[Diagnostic] = []
    for number in range(len(overrides)):
        try:
            tree = _apply_one(tree, source, number, faults)
        except CompileFailed as error:
            faults += error.diagnostics
    if faults:
        raise CompileFailed(faults)
    return tree


def _apply_one(tree: Mapping, source: Source, number: int, faults: list[Diagnostic]) -> Mapping:
    option = source.lines[number]
    line = number + 1
    path, _, value = option.partition("=")
    fault = _form_fault(option) or _path_fault(path, tree)
    if fault is not None:
        message, help, begin, end = fault
        span = source.span(line, begin + 1, (line, end + 1))
        raise CompileFailed([Diagnostic("MRLC307", message, span, help=help)])
    padding = "\n" * number + " " * (len(path) + 1)  # so that marks are positions in the option
    node = parse(padding + value, source, faults) or _null(source, line, len(option) + 1)
    steps, column = [], 1
    for key in path.split("."):
        steps.append((key, source.span(line, column, (line, column + len(key)))))
        column += len(key) + 1
    replaced = _set(tree, steps, node, 0)
    assert isinstance(replaced, Mapping)
    return replaced


Fault = tuple[str, str, int, int]
"""Message, help, and where in the option: from, to."""


def _form_fault(option: str) -> Fault | None:
    """What is wrong with an option before its path is looked at."""
    path, equals, value = option.partition("=")
    whole = (0, len(option))
    if not option:
        return "an empty option overrides nothing", _EXAMPLE, *whole
    if not equals:
        return f"`{option}` has no `=`, so it gives no value", _EXAMPLE, *whole
    if not path:
        return f"`{option}` has no path before its `=`", _EXAMPLE, *whole
    if (space := re.search(r"\s", path)) is not None:
        what = "a path holds no spaces, also before its `=`"
        return what, _EXAMPLE, space.start(), space.start() + 1
    if len(f"{value}.".splitlines()) > 1:
        help = (
            f"in double quotes YAML reads \\n as a line break: --set '{path}=\"one\\ntwo\"'; "
            "a mapping or a list fits on a line: {a: 1}, [1, 2]"
        )
        return f"the value for `{path}` has a line break", help, len(path) + 1, len(option)
    return None


def _path_fault(path: str, tree: Mapping) -> Fault | None:
    """What is wrong with a path, whatever the spec's schema."""
    keys, column = path.split("."), 0
    for key in keys:
        end = column + len(key)
        if not key:
            return f"`{path}` has an empty step", "one dot between two steps", column, column + 1
        if _INDEX.search(key):
            mended = _INDEX.sub(r"\1.\2", path)
            help = f"an index is a step of its own: {mended}"
            return f"`{key}` is no step of a path", help, column, end
        column = end + 1
    known = {*tree.entries, *fields(Experiment), *_BESIDE}
    if len(keys) == 1 and path not in known:
        found = list(islice(_paths_to(path, tree), 3))
        if found:
            help = f"a path begins at the top: {listing(found, 'or')}"
            return f"there is no `{path}` at the top of the spec", help, 0, len(path)
    return None


def _paths_to(name: str, node: Node, at: str = "") -> Iterator[str]:
    """Paths below a node that end in a key."""
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            if key == name:
                yield f"{at}{key}"
            yield from _paths_to(name, entry.value, f"{at}{key}.")
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _paths_to(name, item, f"{at}{index}.")


def _null(source: Source, line: int, column: int) -> Scalar:
    return Scalar(None, source.span(line, column), source, "")


def _set(node: Node | None, steps: list[tuple[str, Span]], value: Node, depth: int) -> Node:
    """`node` with `value` below it; mappings on the way are made where there are none."""
    if depth == len(steps):
        return value
    key, span = steps[depth]
    if isinstance(node, Sequence):
        return _set_item(node, steps, value, depth)
    if isinstance(node, Scalar) and node.value is not None:
        above = ".".join(step for step, _ in steps[:depth])
        message = f"`{above}` is a single value; nothing lies below it"
        raise CompileFailed([Diagnostic("MRLC307", message, span)])
    mapping = node if isinstance(node, Mapping) else Mapping({}, span)
    there = mapping.entries.get(key)
    inner = _set(there.value if there else None, steps, value, depth + 1)
    named = there.key if there and depth + 1 < len(steps) else span
    return mapping.with_entry(key, Entry(named, inner))


def _set_item(node: Sequence, steps: list[tuple[str, Span]], value: Node, depth: int) -> Node:
    key, span = steps[depth]
    if not (key.isascii() and key.isdigit() and int(key) < len(node.items)):
        above = ".".join(step for step, _ in steps[:depth])
        last = len(node.items) - 1
        message = f"`{above}` is a list; `{key}` is not an index from 0 to {last}"
        if last < 0:
            message = f"`{above}` is an empty list; it has no item `{key}`"
        help = f"for more items, give the whole list: {above}=[…]"
        raise CompileFailed([Diagnostic("MRLC307", message, span, help=help)])
    items = list(node.items)
    items[int(key)] = _set(items[int(key)], steps, value, depth + 1)
    return replace(node, items=tuple(items))
