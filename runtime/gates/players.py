"""Policies of scripted gates: players that are told the results and say their next turn.

All players at a table move in lockstep: nobody says turn n + 1 before everyone has heard the
results of turn n. So the calls of a hostile sibling fall between those of the episode it disturbs.
"""

from __future__ import annotations

import asyncio
from collections import abc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from mrlc.runtime.gates.plain_chat import PlainChat
from mrlc.runtime.model.chat import ParsedTurn
from mrlc.runtime.rollout.policies.policy import Sequence, Session, Written

CONTEXT = 1 << 40


class Player(Protocol):
    """Plays one episode."""

    def turn(self, results: abc.Sequence[str]) -> ParsedTurn:
        """The next turn, after the results of the last one; of nothing for the first."""
        ...


class Scripted:
    """Says what it was given, then nothing."""

    def __init__(self, turns: abc.Iterable[ParsedTurn]) -> None:
        self._turns = iter(turns)

    def turn(self, results: abc.Sequence[str]) -> ParsedTurn:
        """The next turn of the script."""
        return next(self._turns, ParsedTurn("", ()))


class Crash(Exception):
    """Raised by a player that dies in the middle of its episode."""


class Crashing(Scripted):
    """Says what it was given, then raises."""

    def turn(self, results: abc.Sequence[str]) -> ParsedTurn:
        """The next turn of the script.

        Raises:
            Crash: there is none.
        """
        turn = next(self._turns, None)
        if turn is None:
            raise Crash
        return turn


class Players:
    """A policy: the n-th player plays the n-th episode that is opened."""

    context = CONTEXT

    def __init__(self, chat: PlainChat, players: abc.Iterable[Player]) -> None:
        self._chat = chat
        self._players = iter(players)

    @asynccontextmanager
    async def session(self, width: int) -> AsyncIterator[Session]:
        """A table whose players move together."""
        yield _Table(self._chat, self._players)


class _Table:
    def __init__(self, chat: PlainChat, players: abc.Iterator[Player]) -> None:
        self._chat = chat
        self._players = players
        self.seats: list[_Seat] = []

    def open(self, seed: int) -> Sequence:
        """The next player's seat."""
        seat = _Seat(self, self._chat, next(self._players))
        self.seats.append(seat)
        return seat

    def advance_if_ready(self) -> None:
        if all(seat.is_waiting for seat in self.seats):
            for seat in self.seats:
                seat.is_waiting = False
                seat.ready.set()


class _Seat:
    def __init__(self, table: _Table, chat: PlainChat, player: Player) -> None:
        self._table, self._chat, self._player = table, chat, player
        self.ready = asyncio.Event()
        self.is_waiting = False

    async def write(self, ids: abc.Sequence[int], *, max_tokens: int) -> Written:
        self.is_waiting = True
        self.ready.clear()
        self._table.advance_if_ready()
        await self.ready.wait()
        written = self._chat.turn_ids(self._player.turn(self._chat.results(ids)))
        return Written(written, (0.0,) * len(written), has_ended=True)

    def close(self) -> None:
        if self in self._table.seats:
            self._table.seats.remove(self)
            self._table.advance_if_ready()
