"""Seconds on a machine that others load too.

Linux counts how long each thread was ready to run and waited for a core. `now` is wall time less
that: it passes while we compute and while we sleep, as if the machine were ours. Loops are charged
by it and tools sleep by it, so that no tool runs on while its loop stands in the queue. On an idle
machine, and without Linux, it is wall time.

While something is measured amid a loop, the clock stands still: `stopped`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What a loop took."""

    wall: float
    cpu: float
    """Of all threads."""
    queued: float
    """Ready to run, without a core."""

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu, self.queued + other.queued)

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.wall - other.wall, self.cpu - other.cpu, self.queued - other.queued)

    @property
    def seconds(self) -> float:
        """As if alone on the machine; two threads that queue at once would count twice."""
        return max(self.wall - self.queued, min(self.cpu, self.wall))

    @property
    def idle(self) -> float:
        """Seconds in which nothing was computed, as tools were waited for."""
        return max(self.seconds - self.cpu, 0.0)


class Clock:
    """Starts when it is made; it counts the queues of threads that are still alive when read."""

    def __init__(self) -> None:
        self._start = _elapsed()

    def read(self) -> Cost:
        """What has passed."""
        return _elapsed() - self._start


async def sleep(seconds: float) -> None:
    """What a tool does."""
    until = now() + seconds
    while (left := until - now()) > 0:
        await asyncio.sleep(left)


def now() -> float:
    """Seconds since some moment."""
    elapsed = _elapsed()
    return elapsed.wall - elapsed.queued


@contextmanager
def stopped() -> Iterator[None]:
    """What is done meanwhile costs nothing, and no tool gets on."""
    global _off
    start = _raw()
    yield
    _off = _off + (_raw() - start)


_off = Cost(0, 0, 0)
"""What passed while the clock stood still."""


def _elapsed() -> Cost:
    return _raw() - _off


def _raw() -> Cost:
    return Cost(time.perf_counter(), time.process_time(), _queued())


TASKS = "/proc/self/task"
_files: dict[str, int] = {}
"""Thread → its open schedstat, as opening costs ten times what reading does."""


def _queued() -> float:
    """Seconds that this process's threads have stood in the queue."""
    total = 0
    with suppress(OSError):  # no Linux, or a thread that has just ended
        for thread in os.listdir(TASKS):
            if thread not in _files:
                _files[thread] = os.open(f"{TASKS}/{thread}/schedstat", os.O_RDONLY)
            with suppress(OSError):
                total += int(os.pread(_files[thread], 64, 0).split()[1])
    return total / 1e9
