"""`arithmetic`: one expression over numbers, bounded before it is worked out.

simpleeval walks the syntax tree. Of its language we keep numbers, operators, comparisons, `a if b
else c` and our own functions: no text, no attribute, nothing random. Every value has at most
`MAX_BITS`, and an operation that would give more is refused first, so that each takes
microseconds and none needs a clock.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import threading
import warnings
from collections.abc import Callable
from typing import Any

import simpleeval

from mrlc.runtime.sandbox.outcome import Outcome, clean, failed, ok

MAX_LETTERS = 1000
MAX_BITS = 4096
"""Of a whole number: 1,233 digits."""
MAX_DEPTH = 150
TOO_DEEP = "the expression is nested too deeply"
MAX_COUNTED = 1000
"""The largest argument of factorial, comb and perm."""
OPERATORS = "+ - * / // % ** == != < <= > >= not, and, or, and x if y else z"
_NOTHING_OF_OURS = re.compile(r",? for expression .*", re.DOTALL)
_parsing = threading.Lock()
"""Python 3.11 counts the depth of a syntax tree for all threads together (gh-106905)."""
_KEPT = (
    *(ast.Expr, ast.Constant, ast.Name, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare),
    *(ast.Call, ast.IfExp),
)


class TooLarge(ValueError):
    """A number that is not worked out."""


class Arithmetic:
    """The engine; it keeps nothing of a call."""

    tier = "interpreter: simpleeval"

    def run(self, code: str, *, seed: int) -> Outcome:
        """The value of an expression; nothing in it is random, so `seed` changes nothing."""
        if len(code) > MAX_LETTERS:
            return failed(f"the expression has more than {MAX_LETTERS} letters")
        try:
            value = _checked(_evaluate(code.strip()))
        except (RecursionError, SystemError):  # the parser's own limit
            return failed(TOO_DEEP)
        except SyntaxError as error:
            return failed(f"not an expression: {error.msg}")
        except simpleeval.OperatorNotDefined:
            return failed(f"the operators are {OPERATORS}")
        except simpleeval.FeatureNotAvailable:
            return failed("an expression holds numbers, operators and functions only")
        except simpleeval.InvalidExpression as error:
            return failed(_NOTHING_OF_OURS.sub("", str(error)))
        except (ArithmeticError, ValueError, TypeError, MemoryError) as error:
            return failed(clean(str(error)) or type(error).__name__)
        return ok(repr(value))


def _evaluate(code: str) -> Any:
    with _parsing, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python, on what a model wrote
        parsed = ast.parse(code, mode="eval")
    if _depth(parsed) > MAX_DEPTH:
        raise TooLarge(TOO_DEEP)
    evaluator = simpleeval.SimpleEval(
        operators=_OPERATORS, functions=_FUNCTIONS, names={"pi": math.pi, "e": math.e}
    )
    evaluator.nodes = {kind: node for kind, node in evaluator.nodes.items() if kind in _KEPT}
    evaluator.nodes[ast.Constant] = lambda node: _number(node.value)
    return evaluator.eval(code, previously_parsed=parsed.body)


def _depth(tree: ast.AST) -> int:
    """Levels of a tree; Python's own limit depends on who calls."""
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [one for node in level for one in ast.iter_child_nodes(node)]
    return depth


def _number(value: Any) -> Any:
    if not isinstance(value, int | float):
        raise TypeError("an expression holds numbers only")
    return _checked(value)


def _checked(value: Any) -> Any:
    if isinstance(value, complex):
        raise ValueError("the value is not a real number")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise TooLarge("the number is too large")
    if isinstance(value, float) and not math.isfinite(value):
        raise TooLarge("the number is out of range")
    return value


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Its value checked; its arguments have been, each by what made it."""
    return lambda *arguments: _checked(function(*arguments))


def _power(base: Any, exponent: Any) -> Any:
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and base.bit_length() * exponent > MAX_BITS + base.bit_length():
        raise TooLarge("the number is too large")
    return base**exponent


def _counted(function: Callable[..., int]) -> Callable[..., int]:
    def bounded(*arguments: Any) -> int:
        if any(isinstance(one, int) and one > MAX_COUNTED for one in arguments):
            raise TooLarge(f"{function.__name__} goes up to {MAX_COUNTED}")
        return function(*arguments)

    return bounded


def _round(value: Any, digits: int = 0) -> Any:
    if abs(digits) > 300:  # 10**digits is worked out
        raise TooLarge("round goes up to 300 digits")
    return round(value, digits) if digits else round(value)


_OPERATORS = {
    ast.Add: _bounded(operator.add),
    ast.Sub: _bounded(operator.sub),
    ast.Mult: _bounded(operator.mul),
    ast.Div: _bounded(operator.truediv),
    ast.FloorDiv: _bounded(operator.floordiv),
    ast.Mod: _bounded(operator.mod),
    ast.Pow: _bounded(_power),
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
    ast.GtE: operator.ge,
    ast.LtE: operator.le,
}
_OF_MATH = """
sqrt isqrt cbrt exp log log2 log10 sin cos tan asin acos atan atan2 sinh cosh tanh
degrees radians hypot floor ceil trunc gcd lcm
"""
_NAMED: dict[str, Callable[..., Any]] = {
    **{name: getattr(math, name) for name in _OF_MATH.split()},
    **{name: _counted(getattr(math, name)) for name in ("factorial", "comb", "perm")},
    "abs": abs,
    "min": min,
    "max": max,
    "int": int,
    "float": float,
    "round": _round,
    "pow": _power,
}
_FUNCTIONS = {name: _bounded(function) for name, function in _NAMED.items()}
