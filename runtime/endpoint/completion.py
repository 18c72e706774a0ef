"""A chat completion, read strictly: whatever is not of its form is no reply.

The part of OpenAI's form that is read: `choices[0].message.content`, a text or null;
`choices[0].message.tool_calls[].{id, function.{name, arguments}}`, texts; `finish_reason`;
`usage.total_tokens`. All else is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mrlc.runtime.json_values import loads

MOST_CALLS = 64
"""Tool calls of one turn; more are an attack or an accident."""


class NotACompletion(ValueError):
    """The body is not of the form; the message says where it leaves it."""


class Cut(NotACompletion):
    """The body is not even JSON, as when a connection broke."""


@dataclass(frozen=True)
class ToolRequest:
    """A tool call as the endpoint wrote it."""

    id: str
    name: str
    arguments: str
    """JSON, if the model wrote JSON."""


@dataclass(frozen=True)
class Completion:
    """What a model said."""

    text: str
    calls: tuple[ToolRequest, ...] = ()
    is_whole: bool = True
    """False where it ran into its limit of tokens."""
    tokens: int = 0
    """Read and written, as the endpoint counts them; 0 where it does not say."""

    def as_json(self) -> dict[str, Any]:
        """As the cache keeps it: in the endpoint's own form, so that one reader reads both."""
        calls = [
            {"id": one.id, "function": {"name": one.name, "arguments": one.arguments}}
            for one in self.calls
        ]
        message = {"content": self.text, "tool_calls": calls}
        reason = "stop" if self.is_whole else "length"
        usage = {"total_tokens": self.tokens}
        return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def read(text: str) -> Completion:
    """Read a body.

    Raises:
        NotACompletion: it is not of the form; a `Cut` where it is no JSON.
    """
    try:
        body = loads(text)
    except ValueError as error:
        raise Cut(str(error)) from None
    choices = _typed(body, "choices", list)
    if not choices:
        raise NotACompletion("`choices` is empty")
    message = _typed(choices[0], "message", dict)
    calls = _typed(message, "tool_calls", list, optional=True) or []
    if len(calls) > MOST_CALLS:
        raise NotACompletion(f"{len(calls)} tool calls in one turn; at most {MOST_CALLS} are read")
    usage = _typed(body, "usage", dict, optional=True) or {}
    return Completion(
        text=_typed(message, "content", str, optional=True) or "",
        calls=tuple(_call(one) for one in calls),
        is_whole=_typed(choices[0], "finish_reason", str, optional=True) != "length",
        tokens=max(0, _typed(usage, "total_tokens", int, optional=True) or 0),
    )


def _call(one: Any) -> ToolRequest:
    function = _typed(one, "function", dict)
    return ToolRequest(
        _typed(one, "id", str), _typed(function, "name", str), _typed(function, "arguments", str)
    )


def _typed(holder: Any, name: str, kind: type, *, optional: bool = False) -> Any:
    value = holder.get(name) if isinstance(holder, dict) else None
    if type(value) is kind or (optional and value is None):
        return value
    raise NotACompletion(f"`{name}` is missing or of the wrong type")
