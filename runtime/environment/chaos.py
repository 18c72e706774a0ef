"""Chaos: faults on purpose, to see that a run survives them and that its books balance.

A share of the tool calls hangs, crashes or returns garbage, and a tenth of that share of the
episodes cannot be opened. It happens in the back end, where real faults come from, so all that
deals with them is exercised: time-outs, retries, replacements, processes that are killed. A
call that hangs takes the whole of `turns.tool_timeout_s`.

What is done to which call comes of the episode's seed and the number of the attempt, so a run with
chaos can be run again. Garbage is no JSON, or text that nobody meant: then the model is shown it, and
the episode counts.
"""

from __future__ import annotations

from enum import StrEnum
from random import Random
from typing import Any

from mrlc.runtime.environment.back_ends import BackEnd
from mrlc.runtime.environment.back_ends.python import ProcessTool
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.timeout import forever, within
from mrlc.runtime.seeds import derive_seed

OPENINGS = 0.1
"""Of the share of calls: an episode that never was tells less than one that breaks."""
GARBAGE: tuple[Any, ...] = (
    {b"\xff\x00"},
    "\x00\x1b[31m\ufffd\udcff" * 8,
    '{"result": [' * 50,
    "lorem ipsum " * 20_000,
)
"""Bytes, a broken text, half of a document, far too much."""


class Fault(StrEnum):
    """What may be done to a call."""

    HANG = "hang"
    CRASH = "crash"
    GARBAGE = "garbage"


class InjectedCrash(Exception):
    """A crash on purpose."""


class Chaos:
    """What is done to the calls of one episode."""

    def __init__(self, share: float, *, seed: int) -> None:
        self._share = share
        self._random = Random(derive_seed(seed, "chaos"))

    def refuses_to_open(self) -> bool:
        """Whether the episode cannot be opened; to be asked first, once."""
        return self._random.random() < self._share * OPENINGS

    def strike(self) -> Fault | None:
        """What is done to the next call."""
        chance, fault = self._random.random(), self._random.choice(tuple(Fault))
        return fault if chance < self._share else None

    def garbage(self) -> Any:
        """A result that no tool means."""
        return self._random.choice(GARBAGE)


class Faulty:
    """A back end that breaks as the episode's chaos says."""

    def __init__(self, inner: BackEnd, *, timeout_s: float) -> None:
        self.inner = inner
        self._timeout_s = timeout_s

    @property
    def is_instant(self) -> bool:
        """As the tool itself: a fault keeps its own time."""
        return self.inner.is_instant

    @property
    def uses_episode(self) -> bool:
        """As the tool itself."""
        return self.inner.uses_episode

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """Answer, or break."""
        chaos = scope.chaos
        fault = None if chaos is None else chaos.strike()
        if chaos is None or fault is None:
            return await self.inner.call(arguments, scope)
        if isinstance(self.inner, ProcessTool):
            return await self.inner.sabotaged(fault)
        if fault is Fault.HANG:
            await within(self._timeout_s, forever())
        if fault is Fault.CRASH:
            raise InjectedCrash
        return chaos.garbage()


def plain(back_end: BackEnd) -> BackEnd:
    """A back end without its chaos."""
    return back_end.inner if isinstance(back_end, Faulty) else back_end
