"""One episode's sequence: what it still has to be fed, and the turn that it writes."""

from __future__ import annotations

import asyncio
from collections import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mrlc.runtime.rollout.policies.policy import Written

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
    waited: int = 0
    """Ticks since it asked to write."""
    is_writing: bool = False
    is_over: bool = False
    _future: asyncio.Future[Written] | None = None
    _ids: list[int] = field(default_factory=list)
    _logprobs: list[float] = field(default_factory=list)
    _uniforms: list[float] = field(default_factory=list)

    async def write(self, ids: abc.Sequence[int], *, max_tokens: int) -> Written:
        """Append `ids`, then write one turn of at most `max_tokens` tokens, and append it."""
        import torch

        self.unfed += ids
        self.max_tokens, self.waited = max_tokens, 0
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
    def uniform(self) -> float:
        """The number that its next token is drawn by, from [0, 1)."""
        return self._uniforms[len(self._ids)]

    def append(self, token: int, logprob: float, *, end_id: int) -> None:
        """Take a token that was drawn; the turn is over at its end or its limit."""
        self._ids.append(token)
        self._logprobs.append(logprob)
        self.unfed = [token]
        if token == end_id or len(self._ids) == self.max_tokens:
            self.is_writing = False
            if self._future is not None and not self._future.done():
                ended = token == end_id
                self._future.set_result(Written(tuple(self._ids), tuple(self._logprobs), ended))

    def fail(self, error: Exception) -> None:
        """Let whoever waits for a turn have the error."""
        if self._future is not None and not self._future.done():
            self._future.set_exception(error)
