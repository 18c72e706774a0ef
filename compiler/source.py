"""Text to tree: YAML 1.2 as ruamel's C parser reads it, and a position for every value.

The tree is built from parser events, because composed nodes lose where an alias stands.
Stricter than YAML, so that a spec means what it seems to mean: no duplicate keys, no merge
keys, no tags, no directives, no infinite numbers, only text as keys. Dates stay text. Size,
depth and the nodes that aliases expand to are bounded, so a hostile file costs little.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import ScalarNode

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Edit, Fix, Label, Span
from mrlc.compiler.files import SAVE_AS_UTF8, not_utf8
from mrlc.compiler.tree import Entry, Mapping, Node, Scalar, Sequence, Source

MAX_BYTES = 1 << 20
MAX_NODES = 100_000
MAX_DEPTH = 64
MAX_FAULTS = 1000
"""Faults reported of one text; one that has more was not written as a spec."""

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""Where libyaml ends a line."""
_CORE = "tag:yaml.org,2002:"


def read_text(path: Path) -> str:
    """The text of a spec, without a byte order mark.

    Raises:
        CompileFailed: it is missing, no file, too large, or not UTF-8.
    """
    try:
        if path.exists() and not path.is_file():  # a device or pipe may never end
            raise _failure("MRLC101", "the spec is not a file", Span(str(path), 1, 1, 1, 1))
        if path.stat().st_size > MAX_BYTES:
            raise _failure("MRLC109", "the spec is larger than 1 MiB", Span(str(path), 1, 1, 1, 1))
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = f"cannot read the spec: {(error.strerror or str(error)).lower()}"
        raise _failure("MRLC101", reason, Span(str(path), 1, 1, 1, 1)) from None
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode("utf-8", "ignore").removeprefix("\ufeff")
        *above, last = BREAK.split(good)
        span = Source(str(path), (*above, last)).span(len(above) + 1, len(last) + 1)
        fault = Diagnostic("MRLC101", not_utf8(error), span, help=SAVE_AS_UTF8)
        raise CompileFailed([fault]) from None


def as_source(text: str, file: str) -> Source:
    """A text by lines, as YAML counts them."""
    return Source(file, tuple(BREAK.split(text)))


def parse(text: str, source: Source, faults: list[Diagnostic]) -> Node | None:
    """The tree of a text, or None where it holds no value.

    The parser's positions are looked up in `source`, whose lines are those to be shown. Faults
    that do not stop the parser are added to `faults`.

    Raises:
        CompileFailed: the text cannot be read; with the faults up to there.
    """
    builder = _Builder(source)
    try:
        tree = builder.document(YAML(typ="safe").parse(text))
    except MarkedYAMLError as error:
        raise CompileFailed([_syntax(error, source)]) from None
    except YAMLError as error:  # a character that YAML does not allow; it has an offset only
        raise CompileFailed([_bad_character(error, source, text)]) from None
    faults += builder.faults
    return tree


def parser_class() -> type:
    """The parser in use; a test holds it to the C one, as ruamel falls back silently."""
    found: type = YAML(typ="safe").Parser
    return found


@dataclass
class _Builder:
    source: Source
    faults: list[Diagnostic] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    """Finished nodes by anchor, each with the number of nodes it expands to."""
    nodes: int = 0

    def __post_init__(self) -> None:
        yaml = YAML(typ="safe")
        self.resolve = yaml.resolver.resolve
        self.construct = yaml.constructor

    def document(self, events: Iterator[Any]) -> Node | None:
        tree: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if tree is not None:
                    raise self.stop("MRLC102", "a spec is one YAML document", event)
                if event.version or event.tags:
                    self.report("MRLC107", "a YAML directive is not part of the language", event)
            elif isinstance(
                event, ScalarEvent | SequenceStartEvent | MappingStartEvent | AliasEvent
            ):
                tree = self.node(event, events, 0)
        return tree

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        """The node that an event starts; reads the events up to its end."""
        before = self.nodes
        self.nodes += 1
        if isinstance(event, AliasEvent):
            return self.alias(event)
        if depth > MAX_DEPTH:
            raise self.stop("MRLC109", f"values are nested deeper than {MAX_DEPTH} levels", event)
        if event.tag is not None:
            self.report(
                "MRLC107",
                f"the tag `{event.tag.replace(_CORE, '!!')}` is not part of the language",
                event,
            )
        if isinstance(event, ScalarEvent):
            node: Node = self.scalar(event)
        elif isinstance(event, SequenceStartEvent):
            node = self.sequence(event, events, depth)
        else:
            node = self.mapping(event, events, depth)
        self.bound(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, self.nodes - before)
        return node

    def bound(self, event: Any) -> None:
        if self.nodes > MAX_NODES:
            raise self.stop("MRLC109", f"the spec expands to more than {MAX_NODES:,} values", event)
        if len(self.faults) >= MAX_FAULTS:
            raise self.stop(
                "MRLC109", f"{MAX_FAULTS:,} faults up to here; the rest is not read", event
            )

    def alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            raise self.stop(
                "MRLC102", f"no anchor `&{event.anchor}` comes before this alias", event
            )
        node, size = self.anchors[event.anchor]
        self.nodes += size
        self.bound(event)
        return replace(node, span=self.span(event))

    def scalar(self, event: Any) -> Scalar:
        is_plain = event.implicit[0]
        scalar = Scalar(
            event.value, self.span(event), self.source, event.value if is_plain else None
        )
        if not is_plain or event.tag is not None:
            return scalar
        return replace(scalar, value=self.value(event))

    def value(self, event: Any) -> str | int | float | bool | None:
        """What a scalar without quotes means under YAML 1.2's core schema."""
        kind = str(self.resolve(ScalarNode, event.value, (True, False))).removeprefix(_CORE)
        if kind not in ("int", "float", "bool", "null"):
            return str(event.value)
        node = ScalarNode(_CORE + kind, event.value)
        try:
            value: Any = getattr(self.construct, f"construct_yaml_{kind}")(node)
        except ValueError:  # 08: looks like an octal number and is none; or thousands of digits
            return str(event.value)
        if isinstance(value, float) and not math.isfinite(value):
            self.report(
                "MRLC108",
                f"`{event.value}` is read as a number that is not finite",
                event,
                help=f'as text, quote it: "{event.value}"',
                fix=Fix.at(self.span(event), event.value, f'"{event.value}"'),
            )
        found: str | int | float | bool | None = value
        return found

    def sequence(self, event: Any, events: Iterator[Any], depth: int) -> Sequence:
        items = []
        for inner in events:
            if isinstance(inner, SequenceEndEvent):
                break
            items.append(self.node(inner, events, depth + 1))
        return Sequence(tuple(items), self.extent(event, inner, [item.span for item in items]))

    def mapping(self, event: Any, events: Iterator[Any], depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        spans = []
        is_whole = True
        for inner in events:
            if isinstance(inner, MappingEndEvent):
                break
            key = self.node(inner, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            is_whole &= self.enter(entries, key, value)
            spans.append(value.span)
        return Mapping(entries, self.extent(event, inner, spans), is_whole)

    def enter(self, entries: dict[str, Entry], key: Node, value: Node) -> bool:
        """Add a key and value to a mapping, or say why not; whether the key can be read."""
        is_known = True
        if not isinstance(key, Scalar) or not isinstance(key.value, str):
            self.faults.append(_key_fault(key))
            is_known = False
        elif key.text == "<<":
            self.faults.append(
                Diagnostic(
                    "MRLC105",
                    "the merge key `<<` is not part of the language",
                    key.span,
                    help="share whole sections through `extends`, or values through `vars`",
                )
            )
            is_known = False
        elif key.value in entries:
            first = Label(entries[key.value].key, "first written here")
            message = f"duplicate key `{key.value}`"
            self.faults.append(
                Diagnostic("MRLC104", message, key.span, "written again here", (first,))
            )
        else:
            entries[key.value] = Entry(key.span, value)
        return is_known

    def span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        return self.source.span(start.line + 1, start.column + 1, (end.line + 1, end.column + 1))

    def extent(self, start: Any, end: Any, inner: list[Span]) -> Span:
        """From the first to the last code point; a block's own end lies at the next token."""
        span = self.span(start)
        last = self.span(end)
        if (last.line, last.column) == (last.end_line, last.end_column) and inner:
            last = inner[-1]
        return self.source.span(span.line, span.column, (last.end_line, last.end_column))

    def report(
        self,
        code: str,
        message: str,
        event: Any,
        *,
        help: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        self.faults.append(Diagnostic(code, message, self.span(event), help=help, fix=fix))

    def stop(self, code: str, message: str, event: Any) -> CompileFailed:
        return CompileFailed([*self.faults, Diagnostic(code, message, self.span(event))])


def _failure(code: str, message: str, span: Span) -> CompileFailed:
    return CompileFailed([Diagnostic(code, message, span)])


def _key_fault(key: Node) -> Diagnostic:
    if isinstance(key, Scalar):
        written = key.text or str(key.value)
        message = f"the key `{written}` is read as {_kind(key.value)}, and keys are text"
        fix = Fix.at(key.span, written, f'"{written}"', is_safe=True)
        return Diagnostic("MRLC106", message, key.span, help=f'quote it: "{written}"', fix=fix)
    line = key.span.text
    if line[max(0, key.span.column - 2) :].startswith("{{"):
        help = 'an expression needs quotes: "{{ … }}"'
    else:
        help = "lists and mappings cannot be keys"
    return Diagnostic("MRLC106", "a key must be text", key.span, help=help)


def _kind(value: object) -> str:
    names = {bool: "a truth value", int: "a number", float: "a number", type(None): "nothing"}
    return names.get(type(value), "text")


_SYNTAX_HELP = {
    "mapping values are not allowed in this context": "a text that holds `: ` needs quotes",
    "found character that cannot start any token": "indent with spaces, not tabs; quote a text "
    "that starts with @, ` or %",
    "found a tab character that violates indentation": "indent with spaces, not tabs",
    "found unexpected ':'": 'within braces, a text with a colon needs quotes: `key: "env:NAME"`',
    "could not find expected ':'": "a key needs a colon and a space after it: `key: value`",
}


def _syntax(error: MarkedYAMLError, source: Source) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    span = _clamped(source, mark.line, mark.column)
    problem = error.problem or error.context or "the text cannot be read"
    help = _SYNTAX_HELP.get(problem)
    labels: tuple[Label, ...] = ()
    if error.context and error.context_mark:
        opened = _clamped(source, error.context_mark.line, error.context_mark.column)
        if not "".join(source.lines[mark.line :])[mark.column :].strip():  # the text just ends
            return Diagnostic("MRLC102", "broken YAML: this is never closed", opened, help=help)
        labels = (Label(opened, error.context),) if opened != span else ()
    fix = _untabbed(source, mark.line)
    return Diagnostic("MRLC102", f"broken YAML: {problem}", span, "", labels, help, fix=fix)


def _untabbed(source: Source, line: int) -> Fix | None:
    """Spaces for tabs before a line's text; what a tab was meant to be is a guess, two spaces."""
    text = source.lines[line] if line < len(source.lines) else ""
    indent = len(text) - len(text.lstrip(" \t"))
    if "\t" not in text[:indent]:
        return None
    span = source.span(line + 1, 1, (line + 1, indent + 1))
    is_blank = indent == len(text)
    now = "" if is_blank else text[:indent].expandtabs(2)
    return Fix((Edit(span, now),), is_safe=is_blank)


def _clamped(source: Source, line: int, column: int) -> Span:
    """A position that libyaml counts from 0; past the end, the last code point of the text."""
    if line < len(source.lines) and source.lines[line].strip():
        return source.span(line + 1, column + 1)
    last = max((i for i, text in enumerate(source.lines[: line + 1]) if text.strip()), default=0)
    return source.span(last + 1, max(1, len(source.lines[last].rstrip())))


def _bad_character(error: YAMLError, source: Source, text: str) -> Diagnostic:
    offset = getattr(error, "position", 0)
    *above, last = BREAK.split(text[:offset])
    span = source.span(len(above) + 1, len(last) + 1)
    found = f" U+{ord(text[offset]):04X}" if offset < len(text) else ""
    return Diagnostic("MRLC102", f"broken YAML: the character{found} is not allowed", span)
