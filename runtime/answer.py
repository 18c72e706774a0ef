"""The final answer, read from the text of a turn.

The answer stands in the last complete `<tag>…</tag>`: the last opening tag that is closed,
up to the first closing tag behind it. So an unclosed tag after it does not hide it, and
of nested tags the innermost counts. The search is linear in the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime import json_values
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.runtime.limited import CallFailed, CallLate, LimitedFunction
from mrlc.runtime.rollout.trajectory import Answer
from mrlc.schemas import answer as schema
from mrlc.schemas.turns import TOOL_TIMEOUT_S

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "integer": ((int,), "an integer"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
}


@dataclass(frozen=True)
class InvalidAnswer:
    """An answer that is not of the declared form."""

    reason: str
    """One short line."""


class AnswerParser:
    """Reads the answer that a spec declares; `parse` keeps no state.

    A typed answer is strict JSON with exactly the declared fields, each of exactly its type:
    6.0 is no integer and true is no number, while an integer is a number. A value of an
    `enum` has its type too. A text answer is stripped, and not empty. A `python` parser
    returns the value, or None for no answer, and raises ValueError for an invalid one; it is called
    in another process (`limited`), and bounded by `turns.tool_timeout_s`.
    """

    def __init__(
        self, answer: schema.Answer, inputs: Path, *, timeout_s: float = TOOL_TIMEOUT_S
    ) -> None:
        self._open, self._close = f"<{answer.tag}>", f"</{answer.tag}>"
        self._fields = answer.json_
        self._python: Callable[[str], Any] | None = None
        if answer.python is not None:
            path = "environment.answer.python"
            self._python = LimitedFunction(answer.python, inputs, timeout_s=timeout_s, path=path)
            self._timeout_s = timeout_s

    def parse(self, text: str) -> Answer | InvalidAnswer | None:
        """The answer in `text`, or None where there is none.

        Raises:
            EnvironmentBroken: the spec's own `python` parser crashed, or was late.
        """
        try:
            found = self._content(text) if self._python is None else _call(self._python, text)
            return None if found is None else Answer(self._value(found))
        except CallLate as late:
            cause = f"took longer than {self._timeout_s:g} s"
            raise EnvironmentBroken("answer", cause) from late
        except ValueError as error:
            return InvalidAnswer(str(error))

    def _value(self, found: Any) -> Any:
        if self._fields is None:
            if found == "":
                raise ValueError("the answer is empty")
            return found
        value = json_values.loads(found) if self._python is None else found
        fault = _fault(value, self._fields)
        if fault is not None:
            raise ValueError(fault)
        return value

    def _content(self, text: str) -> str | None:
        start = text.rfind(self._open, 0, max(text.rfind(self._close), 0))
        if start < 0:
            return None
        start += len(self._open)
        return text[start : text.index(self._close, start)].strip()


def _call(python: Callable[[str], Any], text: str) -> Any:
    """The user's parser on a model's text: ValueError is a verdict, anything else a crash."""
    try:
        value = python(text)
    except CallFailed as failed:
        if failed.verdict is None:
            raise EnvironmentBroken("answer", failed.blame) from failed
        raise ValueError(failed.verdict[:200] or "invalid") from None
    try:
        json_values.dumps(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise EnvironmentBroken("answer", "the parser returned what is not JSON") from error
    return value


def _fault(value: Any, fields: dict[str, schema.Field_]) -> str | None:
    """What is wrong with a typed answer: a missing field, a wrong one, then an unknown one."""
    if not isinstance(value, dict):
        return "the answer must be a JSON object"
    for name, field in fields.items():
        if name not in value:
            return f"`{name}` is missing"
        if expected := _expected(value[name], field):
            return f"`{name}` must be {expected}"
    unknown = next((name for name in value if name not in fields), None)
    return None if unknown is None else f"{json_values.quote(unknown)} is no field of the answer"


def _expected(value: Any, field: schema.Field_) -> str | None:
    """What the field should have been, or None where it is."""
    if field.type is not None:
        types, words = _TYPES[field.type]
        if type(value) not in types:
            return words
    if field.enum is None or any(_identical(value, one) for one in field.enum):
        return None
    return f"one of {', '.join(map(json_values.quote, field.enum))}"


def _identical(value: Any, one: Any) -> bool:
    """Equal and of one type: an answer of 1.0 is not the enum's 1."""
    return type(value) is type(one) and json_values.equal(value, one)
