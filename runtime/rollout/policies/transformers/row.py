"""One episode's sequence: what it still has to be fed, and the turn that it writes."""

from __future__ import annotations

import asyncio
from collections import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mrlc.runtime.rollout.policies.policy import Written
from mrlc.runtime.rollout.policies.transformers.drafts import ORDER, Context, Drafts

if TYPE_CHECKING:
    import torch


@dataclass(eq=False)
class Row:
    """A sequence of a session: idle while its tool runs, then waiting, then writing."""

    seed: int
    stream: torch.Generator
    on_change: Callable[[Row], None]
    """Told when it asks to write and when it is over."""
    slot: int | None = None
    """Where its keys and values are; None before the first turn, or where it had to give them up."""
    unfed: list[int] = field(default_factory=list)
    """Ids that no slot holds: what it was told, or the last id that it wrote itself."""
    max_tokens: int = 0
    context: Context = ()
    """The last tokens of the sequence, as many as a guess is made from."""
    is_writing: bool = False
    is_new: bool = False
    """Its slot was given to it and holds nothing of its own yet."""
    is_over: bool = False
    _future: asyncio.Future[Written] | None = None
    _ids: list[int] = field(default_factory=list)
    _logprobs: list[float] = field(default_factory=list)
    _uniforms: list[float] = field(default_factory=list)

    async def write(self, ids: abc.Sequence[int], *, max_tokens: int) -> Written:
        """Append `ids`, then write one turn of at most `max_tokens` tokens, and append it."""
        import torch

        self.unfed += ids
        self.context = (*self.context, *ids)[-ORDER:]
        self.max_tokens = max_tokens
        self._ids, self._logprobs = [], []
        drawn = torch.rand(max_tokens, generator=self.stream, dtype=torch.float64)
        self._uniforms = drawn.tolist()
        self._future = asyncio.get_running_loop().create_future()
        self.on_change(self)
        try:
            return await self._future
        finally:
            self._future, self.is_writing = None, False

    def close(self) -> None:
        """Be over."""
        if not self.is_over:
            self.is_over = True
            self.on_change(self)

    @property
    def is_waiting(self) -> bool:
        """Whether it asked to write and was not admitted."""
        return self._future is not None and not self._future.done() and not self.is_writing

    @property
    def is_away(self) -> bool:
        """Whether it has written, and its tool is running."""
        return self.slot is not None and self._future is None

    @property
    def has_begun(self) -> bool:
        """Whether it has written some of its turn."""
        return bool(self._ids)

    @property
    def left(self) -> int:
        """Tokens that the turn may still have."""
        return self.max_tokens - len(self._ids)

    def uniforms(self, count: int) -> list[float]:
        """The numbers that its next tokens are drawn by, from [0, 1)."""
        return self._uniforms[len(self._ids) :][:count]

    def take(
        self, tokens: abc.Sequence[int], logprobs: abc.Sequence[float], drafts: Drafts, end_id: int
    ) -> None:
        """Take tokens that were drawn; the turn is over at its end or its limit."""
        for token in tokens:
            drafts.observe(self.context, token)
            self.context = (*self.context[1:], token)
        self._ids += tokens
        self._logprobs += logprobs
        self.unfed = [self._ids[-1]]
        has_ended = self._ids[-1] == end_id
        if has_ended or not self.left:
            self.is_writing = False
            if self._future is not None and not self._future.done():
                turn = Written(tuple(self._ids), tuple(self._logprobs), has_ended)
                self._future.set_result(turn)

    def fail(self, error: Exception) -> None:
        """Let whoever waits for a turn have the error."""
        if self._future is not None and not self._future.done():
            self._future.set_exception(error)
