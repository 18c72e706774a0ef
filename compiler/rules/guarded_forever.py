"""Guards that can hold."""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

from mrlc.compiler.rules import Edit, Finding, Subject, rule
from mrlc.schemas.formula import CONSTANTS, BadFormula, parse_formula
from mrlc.schemas.tools import Tool

BOOK = "    - name: book\n"
EITHER = frozenset({True, False})
_ORDER = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class _SoFar(NamedTuple):
    """The tools there are, and those that may have answered."""

    names: frozenset[str]
    answering: frozenset[str]


def _guard(formula: str) -> Edit:
    guard = f'      guards: [{{unless: "{formula}", reply: {{error: not yet}}}}]\n'
    return Edit(BOOK, BOOK + guard)


@rule(
    "MRLC551",
    "guard-never-holds",
    bad=(_guard("called('book')"),),
    good=(_guard("not called('book')"),),
)
def guards_can_hold(subject: Subject) -> Iterator[Finding]:
    """A guard can never hold, so its tool never answers.

    It waits for a call that itself can never be answered: of its own tool, or in a circle of tools
    that wait for one another. No task that needs the tool can be solved.

    Let one tool of the circle answer without the others. `not called(…)` refuses a second call.
    """
    tools = dict(subject.experiment.environment.every_tool())
    names = frozenset(tool.name for tool in tools.values())
    so_far = _SoFar(names, _answering(tuple(tools.values())))
    for at, tool in tools.items():
        if tool.name in so_far.answering:
            continue
        for number, guard in enumerate(tool.guards):
            if True not in _values(guard.unless, so_far):
                path = f"{at}.guards.{number}.unless"
                message = f"the guard never holds: `{tool.name}` can answer no call"
                yield Finding(path, message)


def _answering(tools: tuple[Tool, ...]) -> frozenset[str]:
    """The tools that some order of calls can reach, from those that wait for nothing."""
    names = frozenset(tool.name for tool in tools)
    found: frozenset[str] = frozenset()
    while True:
        so_far = _SoFar(names, found)
        more = frozenset(
            tool.name
            for tool in tools
            if all(True in _values(guard.unless, so_far) for guard in tool.guards)
        )
        if more <= found:
            return found
        found |= more


def _values(formula: str, so_far: _SoFar) -> frozenset[bool]:
    """The truth values that a formula may have while only these tools have answered."""
    try:
        return _of(parse_formula(formula).tree, so_far)
    except BadFormula:
        return EITHER


def _of(node: ast.expr, so_far: _SoFar) -> frozenset[bool]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return frozenset(not one for one in _of(node.operand, so_far))
    if isinstance(node, ast.BoolOp):
        decisive = isinstance(node.op, ast.Or)
        parts = [_of(part, so_far) for part in node.values]
        found = {decisive} if any(decisive in part for part in parts) else set()
        return frozenset(
            found | ({not decisive} if all(not decisive in p for p in parts) else set())
        )
    if isinstance(node, ast.Name) and node.id in CONSTANTS:
        return frozenset({bool(CONSTANTS[node.id])})
    if isinstance(node, ast.Constant):
        return frozenset({bool(node.value)})
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _compared(node, so_far)
    if isinstance(node, ast.Call):
        return frozenset({False}) if _is_unanswered(node, so_far) else EITHER
    return EITHER


def _compared(node: ast.Compare, so_far: _SoFar) -> frozenset[bool]:
    """`calls('x') >= 1` is decided while x cannot answer: its calls are 0."""
    sides = [_number(side, so_far) for side in (node.left, node.comparators[0])]
    compare = _ORDER.get(type(node.ops[0]))
    if compare is None or None in sides:
        return EITHER
    return frozenset({bool(compare(*sides))})


def _number(node: ast.expr, so_far: _SoFar) -> Any:
    if isinstance(node, ast.Constant) and not isinstance(node.value, str):
        return node.value
    is_count = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "calls"
    return 0 if is_count and _is_unanswered(node, so_far) else None


def _is_unanswered(node: ast.expr, so_far: _SoFar) -> bool:
    """Whether it asks after a tool that cannot have answered."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ("called", "calls"):
        return False
    asked = node.args[0] if node.args else None
    if asked is None:
        return not so_far.answering
    return isinstance(asked, ast.Constant) and asked.value in so_far.names - so_far.answering
