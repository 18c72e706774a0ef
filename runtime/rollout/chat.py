"""What the engine asks of a chat format: ids of what is said, and what ids say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mrlc.runtime.model.chat import ParsedTurn
from mrlc.runtime.rollout.trajectory import ToolCall


class Chat(Protocol):
    """Between messages and ids; `ChatFormat` for models, `PlainChat` for scripts."""

    def prompt_ids(self, messages: Sequence[Mapping[str, Any]]) -> list[int]:
        """Ids of the opening messages."""

    def feedback_ids(self, calls: Sequence[ToolCall], texts: Sequence[str]) -> tuple[int, ...]:
        """Ids of the results of a turn's calls."""

    def clip(self, text: str, max_tokens: int) -> str:
        """Text cut to so many tokens."""

    def parse(self, ids: Sequence[int]) -> ParsedTurn:
        """What a turn says."""
