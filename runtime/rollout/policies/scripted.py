"""A policy that says what it is told: forced episodes, golden walks, tests of environments."""

from __future__ import annotations

from collections import abc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mrlc.runtime.rollout.policies.policy import Sequence, Session, Written


class ScriptedSequence:
    """Writes the given turns in order; each is the ids of one whole turn."""

    def __init__(self, turns: abc.Sequence[abc.Sequence[int]], *, end_id: int) -> None:
        self._turns = iter(turns)
        self._end_id = end_id

    async def write(self, ids: abc.Sequence[int], *, max_tokens: int) -> Written:
        """The script's next turn, cut at `max_tokens`; an empty turn after the last one."""
        whole = tuple(next(self._turns, (self._end_id,)))
        turn = whole[:max_tokens]
        return Written(turn, (0.0,) * len(turn), has_ended=turn[-1:] == (self._end_id,))

    def close(self) -> None:
        """Nothing is held."""


class ScriptedPolicy:
    """Hands the n-th opened sequence the n-th script; wraps around when there are fewer."""

    def __init__(
        self,
        scripts: abc.Sequence[abc.Sequence[abc.Sequence[int]]],
        *,
        end_id: int,
        context: int = 1 << 20,
    ) -> None:
        self._scripts = scripts
        self._end_id = end_id
        self._context = context
        self._opened = 0

    @property
    def context(self) -> int:
        """Tokens that a sequence may have."""
        return self._context

    def open(self, seed: int) -> Sequence:
        """The next script's sequence; the seed itself has nothing to decide."""
        script = self._scripts[self._opened % len(self._scripts)]
        self._opened += 1
        return ScriptedSequence(script, end_id=self._end_id)

    @asynccontextmanager
    async def session(self, width: int) -> AsyncIterator[Session]:
        """Nothing is shared."""
        yield self
