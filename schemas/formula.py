"""Formulas: the small language of `guards` and `compute`.

A formula is one expression over JSON values, in Python's spelling:

    price * quantity          total <= limit and not is_late          "low" if days < 3 else "high"
    last('find_bike').job     task.customer.tier in ['gold', 'silver']          args['from']

Names are the tool's arguments, `args` (all of them), `task` (the episode's row), `true`, `false`,
`null` and, in `compute`, what was computed before. `a.b` and `a['b']` are a key of an object, never
an attribute, and null where there is none. There are no loops, no powers and no other functions
than those listed here, so what a formula costs is bounded by its length and its values.

This module only reads formulas; the compiler checks the names in them and the runtime evaluates.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import Field

MAX_FORMULA = 512
"""Code points of one formula."""
MAX_NUMBER = 10**30
"""The largest number that a formula writes, takes or gives."""

Formula = Annotated[str, Field(min_length=1, max_length=MAX_FORMULA)]

FUNCTIONS = {
    "abs": (1, 1),
    "ceil": (1, 1),
    "days": (2, 2),
    "ends_with": (2, 2),
    "floor": (1, 1),
    "length": (1, 1),
    "lower": (1, 1),
    "max": (1, 16),
    "min": (1, 16),
    "number": (1, 1),
    "round": (1, 2),
    "starts_with": (2, 2),
    "sum": (1, 1),
    "text": (1, 1),
    "trim": (1, 1),
    "upper": (1, 1),
}
"""Function → the fewest and the most arguments it takes."""
OF_THE_EPISODE = {"called": (0, 1), "calls": (1, 1), "last": (1, 1), "shown": (1, 1)}
"""The same, of those that look at the episode's earlier calls."""
OF_A_TOOL = ("called", "calls", "last")
"""Those whose argument is the name of a tool, written as a text."""
CONSTANTS = {"true": True, "false": False, "null": None}
GIVEN = ("args", "task")
"""Names that every formula knows besides its arguments."""
RESERVED = frozenset({*CONSTANTS, *GIVEN})

_NODES = (
    *(ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Attribute, ast.Subscript, ast.List),
    *(ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.IfExp, ast.Call),
    *(ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod),
    *(ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
)
_INSTEAD = {
    "Pow": "powers; multiply",
    "Is": "`is`; write `==`",
    "IsNot": "`is not`; write `!=`",
    "NamedExpr": "`:=`; name the value under `compute.returns`",
    "BitAnd": "`&`; write `and`",
    "BitOr": "`|`; write `or`",
    "JoinedStr": "f-texts; add texts with `+`",
    "Lambda": "functions of their own",
    "ListComp": "loops",
    "GeneratorExp": "loops",
    "Slice": "slices",
}


class BadFormula(ValueError):
    """A text that is no formula."""

    def __init__(self, message: str, at: tuple[int, int]) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        """Offsets in the text, in code points, the end exclusive."""


class Named(NamedTuple):
    """A name, a function or the tool that a function is asked about, and where it stands."""

    name: str
    at: tuple[int, int]


@dataclass(frozen=True)
class Call:
    """A function's use."""

    function: Named
    count: int
    """Of its arguments."""
    tool: Named | None
    """Its first argument, where that is a text."""


class Chain(NamedTuple):
    """The names of `task.customer.tier`, from the left, and where the whole stands."""

    names: tuple[str, ...]
    at: tuple[int, int]


@dataclass(frozen=True)
class Parsed:
    """A formula as read."""

    source: str
    tree: ast.expr
    names: tuple[Named, ...]
    calls: tuple[Call, ...]
    chains: tuple[Chain, ...]
    """The longest ones, of names and of keys that are written as such."""

    @property
    def is_of_the_episode(self) -> bool:
        """Whether its value depends on the calls before."""
        return any(call.function.name in OF_THE_EPISODE for call in self.calls)


def parse_formula(source: str) -> Parsed:
    """Read a formula.

    Raises:
        BadFormula: it is not one.
    """
    if len(source) > MAX_FORMULA:
        raise BadFormula(f"a formula is at most {MAX_FORMULA} characters long", (0, len(source)))
    text = _Text(source)
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.code, mode="eval").body
        _allow(tree, text)
    except SyntaxError as error:
        at = text.offset((error.lineno or 1) - 1, error.offset or 1)
        raise BadFormula(_reason(error, source[slice(*at)]), at) from None
    except (ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, BadFormula):
            raise
        raise BadFormula("the formula cannot be read", (0, len(source))) from None
    functions = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = tuple(
        Named(node.id, text.span(node))
        for node in _in_order(tree)
        if isinstance(node, ast.Name) and node not in functions
    )
    calls = tuple(_call(node, text) for node in _in_order(tree) if isinstance(node, ast.Call))
    return Parsed(source, tree, names, calls, tuple(_chains(tree, text)))


class _Text:
    """A formula on one line, and the way back to its offsets."""

    def __init__(self, source: str) -> None:
        self.source = source
        flat = source.replace("\r", " ").replace("\n", " ")
        self.code = flat.lstrip()
        self._skipped = len(flat) - len(self.code)
        self._bytes = self.code.encode(errors="replace")

    def span(self, node: ast.expr) -> tuple[int, int]:
        return self._point(node.col_offset), self._point(node.end_col_offset or 0)

    def offset(self, line: int, column: int) -> tuple[int, int]:
        start = min(self._skipped + max(column - 1, 0), max(len(self.source) - 1, 0))
        return start, start + 1

    def _point(self, offset: int) -> int:
        """Python counts UTF-8 bytes; spans count code points."""
        return self._skipped + len(self._bytes[:offset].decode(errors="ignore"))


def _reason(error: SyntaxError, found: str) -> str:
    if found == "=":
        return "a formula compares with `==`"
    message = (error.msg or "not an expression").split("(")[0].strip()
    return f"not a formula: {message}"


def _in_order(tree: ast.expr) -> list[ast.expr]:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    return sorted(found, key=lambda node: (node.col_offset, node.end_col_offset or 0))


def _chains(node: ast.AST, text: _Text) -> Iterator[Chain]:
    if isinstance(node, ast.expr) and (names := _chain(node)) is not None:
        yield Chain(names, text.span(node))
        return
    inner = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    for child in inner:
        yield from _chains(child, text)


def _chain(node: ast.expr) -> tuple[str, ...] | None:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        above, key = _chain(node.value), node.attr
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        above, key = _chain(node.value), str(node.slice.value)
    else:
        return None
    return (*above, key) if above else None


def _call(node: ast.Call, text: _Text) -> Call:
    assert isinstance(node.func, ast.Name)
    first = node.args[0] if node.args else None
    tool = None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        tool = Named(first.value, text.span(first))
    return Call(Named(node.func.id, text.span(node.func)), len(node.args), tool)


def _allow(tree: ast.expr, text: _Text) -> None:
    """Refuse what is not in the language, by name, at its place."""
    place = (0, len(text.source))
    for node, parent in _walk(tree, tree):
        spot = node if isinstance(node, ast.expr) else parent
        place = text.span(spot) if isinstance(spot, ast.expr) else place
        if (fault := _fault(node)) is not None:
            raise BadFormula(fault, place)


def _walk(node: ast.AST, parent: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    yield node, parent
    for child in ast.iter_child_nodes(node):
        yield from _walk(child, node)


def _fault(node: ast.AST) -> str | None:
    kind = type(node).__name__
    if not isinstance(node, _NODES):
        return f"formulas have no {_INSTEAD.get(kind, kind)}"
    if isinstance(node, ast.Call) and (not isinstance(node.func, ast.Name) or node.keywords):
        return "a function is called by its name, its arguments by their place"
    if not isinstance(node, ast.Constant):
        return None
    value = node.value
    if value is None or isinstance(value, bool):
        return f"write `{ {None: 'null', True: 'true', False: 'false'}[value] }`, as JSON does"
    if isinstance(value, str):
        return None
    if not isinstance(value, int | float) or not abs(value) <= MAX_NUMBER:
        return "a formula's values are texts and numbers of ordinary size"
    return None
