"""What the model is shown of a call.

A str is shown as it is, so that a tool can write its own text; every other value is
shown as JSON, its keys in the order the tool gave them. A refusal is `{"error": …}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mrlc.runtime.code import Misbehaved
from mrlc.runtime.json_values import dumps


class NotJson(Misbehaved):
    """A tool returned what JSON cannot say."""

    def __init__(self) -> None:
        super().__init__("returned what is not JSON")


@dataclass(frozen=True)
class Reply:
    """The text of a result, and whether the tool refused."""

    text: str
    is_error: bool = False
    is_refused: bool = False
    """Whether a condition on the call gave it in the tool's place."""


def render(value: Any) -> str:
    """The text of a value; a lone surrogate, which no tokenizer takes, becomes `?`.

    Raises:
        NotJson: the value is not JSON.
    """
    try:
        text = value if isinstance(value, str) else dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJson from error
    return text if text.isascii() else text.encode(errors="replace").decode()


def fill(value: Any, name: str, text: str) -> Any:
    """`value` with `{name}` filled in, in every string of it."""
    if isinstance(value, str):
        return value.replace(f"{{{name}}}", text)
    if isinstance(value, dict):
        return {key: fill(one, name, text) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [fill(one, name, text) for one in value]
    return value


def refusal(message: str) -> Reply:
    """A tool's own error."""
    return Reply(render({"error": message}), is_error=True)
