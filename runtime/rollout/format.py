"""What the engine needs of a chat format: between messages and what a policy is fed and writes.

A `ChatFormat` turns messages into token ids. A `MessageFormat` serves a policy behind a chat
endpoint, which takes messages: its ids are handles of them. The engine is the same for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mrlc.runtime.model.chat import ParsedTurn
from mrlc.runtime.rollout.trajectory import ToolCall


class Format(Protocol):
    """Renders what is said to a policy, and reads what it writes."""

    def prompt_ids(
        self, messages: Sequence[Mapping[str, Any]], shown: Sequence[str] | None = None
    ) -> Sequence[int]:
        """Ids of the first messages, with the tools shown, and the header of the first turn."""
        ...

    def feedback_ids(self, calls: Sequence[ToolCall], texts: Sequence[str]) -> tuple[int, ...]:
        """Ids that follow a turn with calls: their results, and the header of the next turn."""
        ...

    def user_ids(self, text: str) -> tuple[int, ...]:
        """Ids that follow a turn without calls: the user's reply, and the next turn's header."""
        ...

    def clip(self, text: str, max_tokens: int) -> str:
        """Text cut to its first `max_tokens` tokens."""
        ...

    def parse(self, ids: Sequence[int]) -> ParsedTurn:
        """Read a turn as the policy wrote it; a malformed call is text, never an error."""
        ...
