"""Seconds on a machine that others load too.

Linux counts how long each thread was ready to run and waited for a core. `now` is wall time less
that: it passes while we compute and while we sleep, as if the machine were ours. Loops are charged
by it and tools sleep by it, so that no tool runs on while its loop stands in the queue. On an idle
machine, and without Linux, it is wall time.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What a loop took."""

    wall: float
    cpu: float
    """Of all threads."""
    queued: float
    """Ready to run, without a core."""

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
        self._queued = _queued()
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def read(self) -> Cost:
        """What has passed."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return Cost(wall, cpu, _queued() - self._queued)


async def sleep(seconds: float) -> None:
    """What a tool does."""
    until = now() + seconds
    while (left := until - now()) > 0:
        await asyncio.sleep(left)


def now() -> float:
    """Seconds since some moment."""
    return time.perf_counter() - _queued()


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
