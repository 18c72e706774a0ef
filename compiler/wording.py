"""What is wrong with a value, in the words of someone who writes specs.

One function for each of pydantic's kinds of error. Each quotes what was written and says
what was expected; where the fix is a pair of quotes, it is spelled out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from mrlc.compiler.diagnostics import Fix, Span
from mrlc.compiler.suggest import listing, nearest
from mrlc.compiler.tree import Keys, Mapping, Node, Scalar, Sequence


class Mend(NamedTuple):
    """What to write for a value; the arguments of `Fix.at`."""

    was: str
    now: str
    is_safe: bool
    quoted: bool


class Complaint(NamedTuple):
    """The words of a diagnostic, without its place."""

    code: str
    message: str
    label: str
    help: str | None = None
    mend: Mend | None = None

    def fix(self, span: Span) -> Fix | None:
        """The mend at its place, if the value was written there."""
        return Fix.at(span, **self.mend._asdict()) if self.mend else None


_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "finite_number": "a finite number",
}

_FORMS = {
    r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$": "lower-case words joined by `-` or `_`, as in `refund-desk`",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "a letter or `_`, then letters, digits or `_`",
    r"^[A-Za-z_][A-Za-z0-9_-]*$": "a letter or `_`, then letters, digits, `_` or `-`",
    r"^task(\.[A-Za-z_][A-Za-z0-9_]*)+$": "a column of the task, as in `task.expected`",
    r"^(rows|changes) (==|!=|>=|<=|>|<) (0|[1-9][0-9]{0,5})$": "a comparison, as in `rows >= 1`",
    r"^[\w./-]+\.py:[A-Za-z_]\w*$": "a file and a name in it, as in `rewards.py:score`",
}


def complain(
    kind: str, context: dict[str, Any], message: str, node: Node | None, path: Keys
) -> Complaint:
    """The complaint about a node, for one of pydantic's error types."""
    field = f"`{path[-1]}`" if path and not path[-1].isdigit() else "this item"
    if kind in _EXPECTED:
        return _type(_EXPECTED[kind], node, field)
    if kind == "literal_error":
        return _choice(context["expected"], node, field)
    if kind == "value_error":
        return Complaint("MRLC209", str(context["error"]), "")
    if kind == "string_pattern_mismatch":
        form = _FORMS.get(context["pattern"], f"text like `{context['pattern']}`")
        return Complaint(
            "MRLC208", f"{quote(node)} is not a valid {_kind(path)}", f"expected {form}"
        )
    bound = _BOUNDS.get(kind)
    if bound is not None:
        limit = bound(context)
        return Complaint("MRLC207", f"{field} is {_short(node)}, out of range", f"expected {limit}")
    return Complaint("MRLC202", f"{field} is not valid: {message.lower()}", "")


def _kind(path: Keys) -> str:
    return "name" if path[-1] == "name" or path[-2:-1] == ("parameters",) else f"`{path[-1]}`"


_BOUNDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "greater_than": lambda c: f"more than {c['gt']:g}",
    "greater_than_equal": lambda c: f"at least {c['ge']:g}",
    "less_than": lambda c: f"less than {c['lt']:g}",
    "less_than_equal": lambda c: f"at most {c['le']:g}",
    "multiple_of": lambda c: f"a multiple of {c['multiple_of']:g}",
    "string_too_short": lambda c: f"at least {_count(c['min_length'], 'character')}",
    "string_too_long": lambda c: f"at most {_count(c['max_length'], 'character')}",
    "too_short": lambda c: f"at least {_count(c['min_length'], 'entry')}",
    "too_long": lambda c: f"at most {_count(c['max_length'], 'entry')}",
}


def _count(number: int, noun: str) -> str:
    many = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else many}"


def _type(expected: str, node: Node | None, field: str) -> Complaint:
    label = f"expected {expected}"
    if isinstance(node, Scalar) and expected == "text" and node.text and node.value is not None:
        message = f"{field} is text, but `{node.text}` is read as {describe(node)}"
        mend = Mend(node.text, f'"{node.text}"', is_safe=True, quoted=False)
        return Complaint("MRLC203", message, label, f'quote it: "{node.text}"', mend)
    if isinstance(node, Scalar) and isinstance(node.value, str):
        bare = unquoted(node.value, expected)
        if bare is not None:
            message = f'{field} is {expected}, but `"{node.value}"` is text'
            mend = Mend(node.value, bare, is_safe=True, quoted=False)
            return Complaint("MRLC205", message, label, f"write it without quotes: {bare}", mend)
    return Complaint("MRLC202", f"{field} is {describe(node)}, not {expected}", label)


def unquoted(text: str, expected: str) -> str | None:
    """The text as it would be written for a number or truth value, if it is one."""
    pattern = {
        "a whole number": r"[+-]?\d+",
        "a number": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?",
        "true or false": r"true|false",
    }.get(expected)
    return text.strip() if pattern and re.fullmatch(pattern, text.strip()) else None


def _choice(expected: str, node: Node | None, field: str) -> Complaint:
    choices = re.findall(r"'((?:[^'\\]|\\.)*)'", expected)
    label = f"expected {listing(choices, 'or')}" if choices else f"expected {expected}"
    near = nearest(str(node.value), choices) if isinstance(node, Scalar) else None
    message = f"{field} cannot be {quote(node)}"
    if near is None or not isinstance(node, Scalar):
        return Complaint("MRLC206", message, label)
    mend = Mend(node.text or str(node.value), near, is_safe=False, quoted=True)
    return Complaint("MRLC206", message, label, f"did you mean `{near}`?", mend)


def describe(node: Node | None) -> str:
    """What a value is."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    if node is None or node.value is None:
        return "empty"
    if isinstance(node.value, bool):
        return f"the truth value {json.dumps(node.value)}"
    if isinstance(node.value, int | float):
        return f"the number {node.value}"
    return f"the text {quote(node)}"


def quote(node: Node | None) -> str:
    """A value as the user wrote it, cut where it is long."""
    if not isinstance(node, Scalar) or node.value is None:
        return describe(node)
    text = node.text if node.text is not None else str(node.value)
    return f"`{text if len(text) <= 60 else text[:57] + '…'}`"


def _short(node: Node | None) -> str:
    if isinstance(node, Mapping | Sequence):
        size = len(node.entries if isinstance(node, Mapping) else node.items)
        return "empty" if size == 0 else f"{size} long"
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return "empty" if not node.value else f"{len(node.value)} characters long"
    return quote(node).strip("`")
