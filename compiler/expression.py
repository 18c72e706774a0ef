"""The expression language: `{{ … }}` in a text, evaluated by Jinja2 in a closed sandbox.

An expression combines names, literals, arithmetic, comparisons and a few filters. It cannot
call, loop, raise to a power or reach an attribute that is not data, and what it costs is
bounded before it runs: length, size of numbers, width of a format. Errors carry offsets into
the text; whoever knows where the text stands turns them into diagnostics.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes
from jinja2.environment import TemplateExpression
from jinja2.exceptions import TemplateError
from jinja2.filters import FILTERS, do_round
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mrlc.compiler.suggest import did_you_mean

MAX_EXPRESSION = 512
"""Code points of one expression."""
MAX_RESULT = 4096
"""Code points of one result."""
MAX_NUMBER = 10**18

FILTER_NAMES = (
    "default",
    "float",
    "format",
    "int",
    "join",
    "length",
    "lower",
    "replace",
    "round",
    "upper",
)

_NODES = (
    nodes.Const,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.BinExpr,
    nodes.UnaryExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.CondExpr,
    nodes.Concat,
    nodes.List,
    nodes.Tuple,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
)


class ExpressionFault(Exception):
    """A text that is no template, or an expression without a value."""

    def __init__(
        self,
        code: str,
        message: str,
        at: tuple[int, int],
        *,
        help: str | None = None,
        rename: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.at = at
        """Offsets in the text, the end exclusive."""
        self.help = help
        self.rename = rename
        """The text at `at` and the one that was probably meant."""


class _Refused(Exception):
    """An operation that the sandbox does not do; the message is for the user."""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "%", "/", "//"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers only: `text * 10**9` and `'%999999999d' % 1` cost memory."""
        if not (_number(left) and _number(right)):
            raise _Refused(f"`{operator}` needs two numbers")
        if operator == "*" and abs(left) * abs(right) > MAX_NUMBER:
            raise _Refused("the product is too large")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Keys of a mapping only, so that a variable may be called `items`."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return self.undefined(obj=obj, name=attribute)


def _round(value: Any, precision: int = 0, method: Any = "common") -> Any:
    if abs(precision) > 15:  # 10**precision is computed
        raise _Refused("`round` goes to 15 digits")
    return do_round(value, precision, method)


def _format(value: Any, *args: Any, **kwargs: Any) -> str:
    if re.search(r"\*|\d{4}", str(value)):
        raise _Refused("`format` widths go to 999")
    return str(value) % (kwargs or args)


def _environment() -> _Sandbox:
    sandbox = _Sandbox(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        optimized=False,  # folding constants happens before our checks, and writes `inf` as code
    )
    sandbox.globals.clear()
    filters: dict[str, Any] = {name: FILTERS[name] for name in FILTER_NAMES}
    sandbox.filters = {**filters, "round": _round, "format": _format}
    sandbox.tests = {}
    return sandbox


_SANDBOX = _environment()


@dataclass(frozen=True)
class Use:
    """A chain of names such as `vars.model.size` in an expression."""

    names: tuple[str, ...]
    at: tuple[int, int]
    has_default: bool
    """Whether a `default` filter stands ready if the name is not there."""


@dataclass(frozen=True)
class Expression:
    """One `{{ … }}`."""

    source: str
    """What stands between the braces."""
    at: tuple[int, int]
    """Offsets of the braces in the text."""
    uses: tuple[Use, ...]
    is_chain: bool
    """Whether it is a plain chain of names, with nothing to go wrong once the names exist."""
    compiled: TemplateExpression

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """Its value, of native type.

        Raises:
            ExpressionFault: it has none.
        """
        try:
            value = self.compiled(**names)
            if isinstance(value, Undefined):
                value._fail_with_undefined_error()
            return self.checked(value)
        except _Refused as error:
            raise ExpressionFault("MRLC304", str(error), self.at) from None
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise ExpressionFault("MRLC304", f"no value: {reason}", self.at) from None

    def checked(self, value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            raise _Refused("the result is not a finite number")
        if not isinstance(value, str | int | float | bool | list | tuple | dict | None):
            raise _Refused(f"the result is a {type(value).__name__}, not a value")
        if len(str(value)) > MAX_RESULT:
            raise _Refused(f"the result is longer than {MAX_RESULT} characters")
        return value


@dataclass(frozen=True)
class Template:
    """A text cut into literal parts and expressions."""

    parts: tuple[str | Expression, ...]

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The expressions, in order."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    @property
    def whole(self) -> Expression | None:
        """The expression that the text consists of, apart from white space around it."""
        literal = "".join(part for part in self.parts if isinstance(part, str))
        one = len(self.expressions) == 1 and not literal.strip()
        return self.expressions[0] if one else None


def has_template(text: str) -> bool:
    """Whether a text holds any template syntax."""
    return any(mark in text for mark in ("{{", "{%", "{#"))


@lru_cache(maxsize=4096)
def parse_template(text: str) -> Template:
    """The parts of a text.

    Raises:
        ExpressionFault: an expression is malformed, or the text holds statements or comments.
    """
    parts: list[str | Expression] = []
    tokens = _tokens(text)
    for kind, value, start in tokens:
        if kind == "data":
            parts.append(value)
            continue
        if kind != "variable_begin":
            message = "a spec holds `{{ expressions }}`, not statements or comments"
            help = "to write the braces themselves: {{ '{%' }}"
            raise ExpressionFault("MRLC301", message, (start, start + len(value)), help=help)
        inside, opening = "", value
        for kind, value, offset in tokens:
            if kind == "variable_end":
                closing = len(value.rstrip())
                parts.append(_expression(inside, (start, offset + closing), start + len(opening)))
                break
            inside += value
            if len(inside) > MAX_EXPRESSION:  # reading on to its end would take long
                message = f"an expression is at most {MAX_EXPRESSION} characters long"
                raise ExpressionFault("MRLC302", message, (start, start + len(opening)))
        else:
            raise ExpressionFault("MRLC302", "`{{` is never closed", (start, start + 2))
    return Template(tuple(parts))


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    offset = 0
    try:
        for _, kind, value in _SANDBOX.lexer.tokeniter(text, None):
            offset = text.find(value, offset) if value else offset  # `-}}` swallows white space
            yield kind, value, offset
            offset += len(value)
    except TemplateSyntaxError as error:
        message = f"bad expression: {error.message}"
        raise ExpressionFault("MRLC302", message, (offset, offset + 1)) from None


def _expression(source: str, at: tuple[int, int], inside: int) -> Expression:
    """One expression, at its offsets; `inside` is where its source begins."""
    try:
        parser = Parser(_SANDBOX, source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateSyntaxError(f"unexpected `{parser.stream.current.value}`", 1)
        _allow(tree, at)
        compiled = _SANDBOX.compile_expression(source, undefined_to_none=False)
    except TemplateSyntaxError as error:
        raise ExpressionFault("MRLC302", f"bad expression: {error.message}", at) from None
    except RecursionError:
        raise ExpressionFault("MRLC302", "the expression is nested too deeply", at) from None
    assert isinstance(compiled, TemplateExpression)
    uses = tuple(_uses(tree, source, inside))
    return Expression(source.strip(), at, uses, _chain(tree) is not None, compiled)


def _allow(node: nodes.Node, at: tuple[int, int]) -> None:
    """Refuse what is not in the language, by name."""
    if isinstance(node, nodes.Filter) and node.name not in FILTER_NAMES:
        help = did_you_mean(node.name, FILTER_NAMES)
        raise ExpressionFault("MRLC302", f"there is no filter `{node.name}`", at, help=help)
    if isinstance(node, nodes.Pow) or not isinstance(node, _NODES):
        what = {"Call": "calls", "Pow": "powers", "Test": "tests", "Slice": "slices"}
        name = what.get(type(node).__name__, type(node).__name__)
        raise ExpressionFault("MRLC302", f"expressions have no {name}", at)
    if isinstance(node, nodes.Const) and node.value in (math.inf, -math.inf):
        raise ExpressionFault("MRLC302", "a number is not finite", at)
    for child in node.iter_child_nodes():
        _allow(child, at)


def _chain(node: nodes.Node) -> tuple[str, ...] | None:
    """The names of `a.b['c']`, or None for anything else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        above, name = _chain(node.node), node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        above, name = _chain(node.node), str(node.arg.value)
    else:
        return None
    return (*above, name) if above else None


def _uses(node: nodes.Node, source: str, start: int, *, has_default: bool = False) -> Iterator[Use]:
    if (names := _chain(node)) is not None:
        pattern = r"\b" + r"\W+".join(re.escape(name) for name in names) + r"\b"
        found = re.search(pattern, source)
        span = found.span() if found else (0, len(source))
        yield Use(names, (start + span[0], start + span[1]), has_default)
        return
    for child in node.iter_child_nodes():
        guarded = has_default or (isinstance(node, nodes.Filter) and node.name == "default")
        yield from _uses(child, source, start, has_default=guarded)
