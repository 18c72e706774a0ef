"""`vars` and `{{ … }}`: values computed from other values, after the YAML is parsed.

A scalar that is one whole expression takes the expression's type; mixed with text it becomes
text. Variables may use each other, in any order, but not in a circle. Prompts are left alone:
they are rendered for each episode.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mrlc.compiler.diagnostics import Diagnostic, Fix, Span
from mrlc.compiler.expression import Expression, ExpressionFault, Use, has_template, parse_template
from mrlc.compiler.markers import fits, prompts
from mrlc.compiler.suggest import did_you_mean, nearest
from mrlc.compiler.tree import (
    Entry,
    Keys,
    Mapping,
    Node,
    Scalar,
    Sequence,
    children,
    plain,
    put,
    transform,
)

MAX_CHAIN = 32
"""Variables that may wait for one another."""


@dataclass(frozen=True)
class Evaluated:
    """A tree without `vars`, and what could not be evaluated, so that later passes go on."""

    tree: Mapping
    faults: tuple[Diagnostic, ...]
    """Of the text, and every expression that is malformed or has no value."""
    unevaluated: frozenset[str]
    """Dotted paths of the scalars that still hold their expression."""


@dataclass(frozen=True)
class Values:
    """What the expressions at some places give."""

    nodes: dict[Keys, Node]
    """By place; a scalar that has no value stays as it is."""
    faults: tuple[Diagnostic, ...]
    unevaluated: frozenset[str]


Places = dict[Keys, Scalar]


def evaluate(tree: Mapping) -> Evaluated:
    """The tree with every expression replaced by its value, as far as it has one."""
    rest = tree.without("vars")
    found = values(variables_of(tree), expressions(rest))
    resolved: Node = rest
    for path, node in found.nodes.items():
        resolved = put(resolved, path, node)
    assert isinstance(resolved, Mapping)
    return Evaluated(resolved, found.faults, found.unevaluated)


def variables_of(tree: Mapping) -> Node | None:
    """What stands under `vars`."""
    entry = tree.entries.get("vars")
    return entry.value if entry else None


def expressions(tree: Node, at: Keys = ()) -> Places:
    """The scalars that hold expressions, by path; those of prompts are left to the episodes."""
    if isinstance(tree, Scalar):
        is_one = isinstance(tree.value, str) and has_template(tree.value)
        return {at: tree} if is_one and not any(fits(at, kept) for kept in prompts()) else {}
    found: Places = {}
    for key, value, _ in children(tree):
        found |= expressions(value, (*at, key))
    return found


def values(variables: Node | None, places: Places, *, axes: frozenset[str] = frozenset()) -> Values:
    """The values of the expressions at some places; `axes` are variables without a value."""
    all_ = _Variables(variables, axes)
    for name in all_.names:
        if name not in axes:
            all_.value(name)
    nodes = {path: all_.scalar(scalar, ".".join(path)) for path, scalar in places.items()}
    return Values(nodes, tuple(all_.faults), frozenset(all_.unevaluated))


def unused(tree: Mapping, file: str) -> Iterator[Diagnostic]:
    """A warning for each variable of a spec's own file that no expression names.

    A base may offer more than each spec takes, so only `file` itself is held to it.
    """
    variables = variables_of(tree)
    if not isinstance(variables, Mapping):
        return
    named = {name for scalar in expressions(tree).values() for name in _named(scalar)}
    for name, entry in variables.entries.items():
        if entry.key.file == file and not named & {name, _ANY}:
            message = f"no expression uses `vars.{name}`"
            help = f'write "{{{{ vars.{name} }}}}" where it is meant, or remove it'
            path = f"vars.{name}"
            yield Diagnostic(
                "MRLC308", message, entry.key, help=help, path=path, severity="warning"
            )


_ANY = ""
"""Stands for every variable: what a broken expression names is not known."""


def _named(scalar: Scalar) -> set[str]:
    """The variables that a text's expressions name."""
    try:
        template = parse_template(str(scalar.value))
    except ExpressionFault:
        return {_ANY}
    uses = [use.names for expression in template.expressions for use in expression.uses]
    return {names[1] for names in uses if len(names) > 1}


class _Broken(Exception):
    """A variable has no value, and that has been reported."""


class _Variables:
    """The variables of a spec, evaluated when they are first asked for."""

    def __init__(self, tree: Node | None, axes: frozenset[str]) -> None:
        self.faults: list[Diagnostic] = []
        self.tree = tree
        self.axes = axes
        self.done: dict[str, Any] = {}
        self.open: list[str] = []
        self.broken: set[str] = set()
        self.unevaluated: set[str] = set()
        if self.tree is not None and not isinstance(self.tree, Mapping):
            message = "`vars` maps names to values"
            self.faults.append(Diagnostic("MRLC202", message, self.tree.span, path="vars"))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.tree.entries) if isinstance(self.tree, Mapping) else ()

    def value(self, name: str) -> Any:
        """The value of a variable, or None where it has none; `broken` tells."""
        if name in self.done or name in self.broken:
            return self.done.get(name)
        assert isinstance(self.tree, Mapping)
        self.open.append(name)
        before = len(self.faults)
        resolved = transform(
            self.tree.entries[name].value,
            lambda path, scalar: self.scalar(scalar, ".".join(("vars", name, *path))),
        )
        self.open.pop()
        if len(self.faults) > before or name in self.broken:
            self.broken.add(name)
            return None
        self.done[name] = plain(resolved)
        return self.done[name]

    def scalar(self, scalar: Scalar, path: str) -> Node:
        """A scalar with its expressions evaluated; unchanged where one has no value."""
        if not isinstance(scalar.value, str) or not has_template(scalar.value):
            return scalar
        try:
            return self.evaluated(scalar, scalar.value)
        except ExpressionFault as error:
            span = within(scalar, *error.at)
            fix = Fix.at(span, *error.rename) if error.rename else None
            fault = Diagnostic(error.code, error.message, span, help=error.help, path=path, fix=fix)
            self.faults.append(fault)
        except _Broken:
            self.broken.update(self.open[-1:])
        self.unevaluated.add(path)
        return scalar

    def evaluated(self, scalar: Scalar, text: str) -> Node:
        template = parse_template(text)
        whole = template.whole
        if whole is not None:
            return node_of(self.expression(whole), scalar)
        parts = [
            part if isinstance(part, str) else inserted(self.expression(part), part)
            for part in template.parts
        ]
        return replace(scalar, value="".join(parts), text=None)

    def expression(self, expression: Expression) -> Any:
        """The value of one expression, after the variables that it uses."""
        used = {use.names[1] for use in expression.uses if self.known(use)}
        return expression.evaluate({"vars": {name: self.done[name] for name in sorted(used)}})

    def known(self, use: Use) -> bool:
        """Whether a use names a value; False where a `default` stands ready.

        Raises:
            ExpressionFault: it names nothing.
            _Broken: it names a variable that has a fault of its own.
        """
        first, *rest = use.names
        if first != "vars":
            help = "expressions use `vars`; only prompts use `task`" if first == "task" else None
            help = help or (f"write `vars.{first}`" if first in self.names else None)
            help = help or "expressions use the spec's own `vars`, as in {{ vars.name }}"
            raise ExpressionFault("MRLC303", f"unknown name `{first}`", use.at, help=help)
        if not rest:
            help = "use one variable, as in {{ vars.name }}"
            raise ExpressionFault("MRLC302", "`vars` itself is not a value", use.at, help=help)
        if rest[0] not in self.names:
            if use.has_default:
                return False
            near = nearest(rest[0], self.names)
            help = f"did you mean `vars.{near}`?" if near else "no such name under `vars`"
            message = f"unknown variable `vars.{rest[0]}`"
            rename = (".".join(use.names), ".".join(("vars", near, *rest[1:]))) if near else None
            raise ExpressionFault("MRLC303", message, use.at, help=help, rename=rename)
        if rest[0] in self.axes:
            message = (
                f"`vars.{rest[0]}` is swept, so a value of the sweep cannot be computed from it"
            )
            raise ExpressionFault("MRLC408", message, use.at)
        if rest[0] in self.open:
            circle = " → ".join((*self.open[self.open.index(rest[0]) :], rest[0]))
            message = f"`vars.{rest[0]}` is defined by itself: {circle}"
            raise ExpressionFault("MRLC305", message, use.at)
        if len(self.open) > MAX_CHAIN:
            message = f"variables build on each other more than {MAX_CHAIN} deep"
            raise ExpressionFault("MRLC109", message, use.at)
        value = self.value(rest[0])
        if rest[0] in self.broken:
            raise _Broken
        return self.reaches(value, use)

    def reaches(self, value: Any, use: Use) -> bool:
        """Whether the keys after the variable's name exist in its value."""
        for depth, key in enumerate(use.names[2:], start=2):
            above = ".".join(use.names[:depth])
            if isinstance(value, list) and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            elif isinstance(value, dict) and key in value:
                value = value[key]
            elif use.has_default:
                return True
            else:
                help = did_you_mean(key, value) if isinstance(value, dict) else None
                message = f"`{above}` has no `{key}`"
                raise ExpressionFault("MRLC303", message, use.at, help=help)
        return True


def inserted(value: Any, expression: Expression) -> str:
    """A value as part of a text.

    Raises:
        ExpressionFault: it is no text or number, so its spelling would be Python's.
    """
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    kind = {bool: "a truth value", dict: "a mapping", type(None): "nothing"}.get(
        type(value), "a list"
    )
    message = f"`{expression.source}` is {kind}, which cannot stand inside a text"
    raise ExpressionFault("MRLC304", message, expression.at)


def node_of(value: Any, scalar: Scalar) -> Node:
    """A computed value as a tree; every part of it was written where the scalar stands."""
    if isinstance(value, dict):
        entries = {
            str(key): Entry(scalar.span, node_of(item, scalar)) for key, item in value.items()
        }
        return Mapping(entries, scalar.span)
    if isinstance(value, list | tuple):
        return Sequence(tuple(node_of(item, scalar) for item in value), scalar.span)
    return replace(scalar, value=value, text=None)


def within(scalar: Scalar, start: int, end: int) -> Span:
    """The span of a piece of a scalar's value; the whole scalar where the text was escaped.

    The piece is searched for in the lines as written, which works for every YAML style as
    long as the piece itself has no escape and no line break.
    """
    text, span = str(scalar.value), scalar.span
    piece = text[start:end]
    skip = text[:start].count(piece)
    for line in range(span.line, min(span.end_line, len(scalar.source.lines)) + 1):
        written = scalar.source.lines[line - 1]
        column = written.find(piece, span.column - 1 if line == span.line else 0)
        while column >= 0:
            if skip == 0:
                stop = column + 1 + len(piece)
                return scalar.source.span(line, column + 1, (line, stop))
            skip -= 1
            column = written.find(piece, column + 1)
    return span
