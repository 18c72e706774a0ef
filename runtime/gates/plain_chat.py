"""A chat format without a tokenizer: each thing said is one id, its place in a book.

Scripted gates need no tokens, and so neither torch nor a model. Nothing is cut at a number of
tokens here; that a result fits its tokens is the compiler's to check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mrlc.runtime.model.chat import ParsedTurn
from mrlc.runtime.rollout.trajectory import ToolCall


class PlainChat:
    """The book; it lives as long as the gates run."""

    def __init__(self) -> None:
        self._said: list[Any] = [None]

    def prompt_ids(
        self, messages: Sequence[Mapping[str, Any]], shown: Sequence[str] | None = None
    ) -> list[int]:
        """The opening messages as one id."""
        return [self._enter(messages)]

    def feedback_ids(self, calls: Sequence[ToolCall], texts: Sequence[str]) -> tuple[int, ...]:
        """The results of a turn as one id."""
        return (self._enter(tuple(texts)),)

    def user_ids(self, text: str) -> tuple[int, ...]:
        """The user's reply as one id."""
        return (self._enter([text]),)

    def clip(self, text: str, max_tokens: int) -> str:
        """The whole text."""
        return text

    def parse(self, ids: Sequence[int]) -> ParsedTurn:
        """The turn that was entered."""
        turn = self._said[ids[0]]
        assert isinstance(turn, ParsedTurn)
        return turn

    def turn_ids(self, turn: ParsedTurn) -> tuple[int, ...]:
        """A turn as one id."""
        return (self._enter(turn),)

    def results(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The results that feedback ids stand for; none for a prompt."""
        said = self._said[ids[-1]] if ids else ()
        return said if isinstance(said, tuple) else ()

    def _enter(self, said: Any) -> int:
        self._said.append(said)
        return len(self._said) - 1
