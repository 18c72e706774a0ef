"""`--set path=value`: values from the command line, laid over the merged spec.

A path is dotted, with list indices as numbers: `reward.components.0.weight=0.5`. The value is
YAML. The options together are one text, a line each, so a fault in one of them is shown like
any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence as Listed
from dataclasses import replace

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Span
from mrlc.compiler.project import OVERRIDES
from mrlc.compiler.source import parse
from mrlc.compiler.tree import Entry, Mapping, Node, Scalar, Sequence, Source

_OPTION = re.compile(r"([^=\s]+)=(.*)")


def apply(tree: Mapping, overrides: Listed[str]) -> Mapping:
    """The tree with every override in place, later ones over earlier ones.

    Raises:
        CompileFailed: an option has no `=`, its value is no YAML, or its path leads nowhere.
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
    match = _OPTION.fullmatch(option)
    if match is None:
        span = source.span(line, 1, (line, len(option) + 1))
        message = f"`{option}` is not an override"
        help = "write path=value, as in algorithm.steps=20"
        raise CompileFailed([Diagnostic("MRLC307", message, span, help=help)])
    path, value = match.groups()
    padding = "\n" * number + " " * (len(path) + 1)  # so that marks are positions in the option
    node = parse(padding + value, source, faults) or _null(source, line, len(option) + 1)
    steps, column = [], 1
    for key in path.split("."):
        steps.append((key, source.span(line, column, (line, column + len(key)))))
        column += len(key) + 1
    replaced = _set(tree, steps, node, 0)
    assert isinstance(replaced, Mapping)
    return replaced


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
        raise CompileFailed([Diagnostic("MRLC307", message, span)])
    items = list(node.items)
    items[int(key)] = _set(items[int(key)], steps, value, depth + 1)
    return replace(node, items=tuple(items))
