"""What one episode owns: databases, folders, a random stream, notes; and their release."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from mrlc.runtime.environment.history import History
from mrlc.runtime.environment.workspace import remove
from mrlc.runtime.task import Task

if TYPE_CHECKING:
    from mrlc.runtime.environment.chaos import Chaos


class Scope:
    """An episode, as its tools see it. A `python` tool gets it as its argument `episode`."""

    def __init__(
        self, task: Task, *, seed: int, opening: Callable[[], Sequence[str]] = tuple
    ) -> None:
        self.task: Mapping[str, Any] = task.row
        """The task's row."""
        self.seed = seed
        self.state: dict[str, sqlite3.Connection] = {}
        """The databases by name, in autocommit mode; schema changes and files are refused."""
        self.folders: dict[str, Path] = {}
        """The folders by name; they and what is in them go with the episode."""
        self.memory: dict[str, Any] = {}
        """A tool's notes for its later calls; a global would leak into other episodes."""
        self.history = History(opening)
        """The calls so far, and the texts of the opening messages."""
        self.executed = 0
        """Calls so far that ran code of the model; each has a random stream of its own."""
        self.chaos: Chaos | None = None
        """What is done to its calls, where a run asks for faults."""
        self.deadline = math.inf
        """Of the call under way, in seconds of `time.monotonic`; SQL stops there."""
        self.order = asyncio.Lock()
        """Held by a call that touches the episode: such calls run one by one, as they came."""
        self._guard = threading.Lock()
        self._leases = 0
        self._is_closed = False

    @cached_property
    def random(self) -> Random:
        """The episode's own stream; SQL's random() draws from it too."""
        return Random(self.seed)

    @contextmanager
    def lease(self) -> Iterator[None]:
        """For a thread that uses the scope: it stays open until the thread is through.

        A tool that timed out cannot be stopped; a connection closed under a running statement
        crashes the process. So the last one out closes.
        """
        with self._guard:
            self._leases += 1
        try:
            yield
        finally:
            with self._guard:
                self._leases -= 1
                self._release()

    def close(self) -> None:
        """Release everything: now, or when the last lease ends."""
        with self._guard:
            self._is_closed = True
            self._release()

    def _release(self) -> None:
        if not self._is_closed:
            return
        for connection in self.state.values():
            if self._leases:
                connection.interrupt()
            else:
                connection.close()
        for folder in self.folders.values():
            if not self._leases:
                remove(folder)
