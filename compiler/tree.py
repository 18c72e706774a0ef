"""The tree of a spec: YAML values that know where they were written.

Nodes are frozen, so an alias shares its anchor's node and an overlay shares what it does
not replace. A path is a tuple of keys and list indices, all as text: `("tools", "0")`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from mrlc.compiler.diagnostics import Span

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A text by its lines, as YAML counts them."""

    file: str
    lines: tuple[str, ...]

    def span(self, line: int, column: int, end: tuple[int, int] | None = None) -> Span:
        """The span from a position to `end` (exclusive), or of one code point."""
        end_line, end_column = end or (line, column + 1)
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return Span(self.file, line, column, end_line, end_column, text)


@dataclass(frozen=True)
class Scalar:
    """A text, number, truth value or null."""

    value: str | int | float | bool | None
    span: Span
    source: Source = field(repr=False, compare=False)
    text: str | None = None
    """As written, where it was written without quotes."""


@dataclass(frozen=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True)
class Entry:
    """A key of a mapping and its value."""

    key: Span
    value: Node


@dataclass(frozen=True)
class Mapping:
    """A mapping; its keys are text, in the order they were written."""

    entries: dict[str, Entry]
    span: Span
    is_whole: bool = True
    """False where a key could not be read, so that what seems to be missing may be there."""

    def with_entry(self, key: str, entry: Entry) -> Mapping:
        """The same mapping with one entry added or replaced."""
        return replace(self, entries={**self.entries, key: entry})

    def without(self, *keys: str) -> Mapping:
        """The same mapping without some keys."""
        kept = {key: entry for key, entry in self.entries.items() if key not in keys}
        return replace(self, entries=kept)


Node = Scalar | Sequence | Mapping


def children(node: Node) -> Iterator[tuple[str, Node, Span]]:
    """The parts of a node: key or index, value, and the span that names the part."""
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            yield key, entry.value, entry.key
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield str(index), item, head(item)


def head(node: Node) -> Span:
    """What to underline for a whole node: a scalar, a one-line list, or a block's first key."""
    if isinstance(node, Mapping) and node.entries and node.span.end_line != node.span.line:
        return next(iter(node.entries.values())).key
    return node.span


def find(node: Node, path: Keys) -> Node | None:
    """The node at a path, if there is one."""
    for part in path:
        below = next((value for key, value, _ in children(node) if key == part), None)
        if below is None:
            return None
        node = below
    return node


def name_span(node: Node, path: Keys) -> Span:
    """The span that names the value at a path: its key, else that of the nearest ancestor."""
    span = head(node)
    for part in path:
        step = next(((value, key) for name, value, key in children(node) if name == part), None)
        if step is None:
            break
        node, span = step
    return span


def value_span(node: Node, path: Keys) -> Span:
    """The span of a scalar or a one-line value at a path; of a block, the key that names it."""
    found = find(node, path)
    if found is None or (not isinstance(found, Scalar) and found.span.end_line != found.span.line):
        return name_span(node, path)
    return found.span


def plain(node: Node) -> Any:
    """The value without positions."""
    if isinstance(node, Mapping):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value


def select(node: Node, pattern: Keys, at: Keys = ()) -> Iterator[tuple[Keys, Node]]:
    """Every node whose path fits the pattern; `*` stands for any key or index."""
    if not pattern:
        yield at, node
        return
    for key, value, _ in children(node):
        if pattern[0] in ("*", key):
            yield from select(value, pattern[1:], (*at, key))


def put(node: Node | None, path: Keys, value: Node) -> Node:
    """The tree with `value` at a path; it shares all else, and lacking mappings are made."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(node, Sequence):
        items = list(node.items)
        items[int(first)] = put(items[int(first)], rest, value)
        return Sequence(tuple(items), node.span)
    mapping = node if isinstance(node, Mapping) else Mapping({}, value.span)
    there = mapping.entries.get(first)
    inner = put(there.value if there else None, rest, value)
    key = there.key if there else value.span
    return mapping.with_entry(first, Entry(key, inner))


def transform(node: Node, change: Any, at: Keys = ()) -> Node:
    """The tree with `change(path, scalar)`, a node, in place of each scalar."""
    if isinstance(node, Mapping):
        entries = {
            key: replace(entry, value=transform(entry.value, change, (*at, key)))
            for key, entry in node.entries.items()
        }
        return replace(node, entries=entries)
    if isinstance(node, Sequence):
        items = [transform(item, change, (*at, str(i))) for i, item in enumerate(node.items)]
        return replace(node, items=tuple(items))
    changed: Node = change(at, node)
    return changed
