"""Processes that run blocking functions of the user, so that one that hangs can be ended.

A thread cannot be killed: a function that waits for a socket without a time-out keeps its thread,
and what the thread holds, until the run ends. So a plain function that needs nothing of this
process is called in another one.

    RemoteFunction ── a call ──▶ Pool ── a place ──▶ Worker ══ pipes ══▶ `tool_process`: the user's file

A worker takes many calls at a time, each in a thread of its own, as most functions wait for
somebody else; but a call gets an idle worker where there is one, or a new one up to the limit. A
call that is late or cancelled *retires* its worker: it takes no more calls, and is killed with
all that it has started as soon as the others in it have ended, which their own limits bound. A
worker that dies takes its calls with it, each told the cause.

What ends a call is a value, `Refused` (the tool's own refusal), `Failed` (the function raised),
`TimedOut`, or `WorkerDied`.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from mrlc.runtime.environment.timeout import TimedOut, within
from mrlc.runtime.environment.worker import Call, Failed, Refused, Worker, WorkerDied
from mrlc.runtime.sandbox.wardens import places

T = TypeVar("T")

CALLS = 64
"""Calls of one worker at a time: threads that wait cost little, and 256 episodes find their place
on a machine of two cores."""
START_S = 60.0
"""Seconds in which a function must begin: Python starts and loads the user's file, with what it
imports, which is no part of the call."""


class RemoteFunction:
    """A function of the user's file, called in another process."""

    def __init__(self, reference: str, inputs: Path) -> None:
        self._about = {"reference": reference, "inputs": str(inputs.resolve())}

    async def __call__(
        self,
        *positional: Any,
        named: Mapping[str, Any] | None = None,
        timeout_s: float,
    ) -> Any:
        """What it returns, a JSON value as all that it is given; its time counts from its beginning.

        Raises:
            TimedOut: it took longer.
            Refused, Failed, WorkerDied: see there.
        """
        request = {**self._about, "positional": positional, "named": dict(named or {})}
        return await _shared().call(request, timeout_s=timeout_s)

    async def sabotaged(self, how: str, *, timeout_s: float) -> Any:
        """Call what hangs, crashes or returns garbage in its place, in a worker of its own."""
        request = {"reference": how, "positional": (), "named": {}}
        return await _shared().call(request, timeout_s=timeout_s, alone=True)


class Pool:
    """As many workers as calls need, up to a limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._workers: list[Worker] = []
        self._waiting: deque[Future[None]] = deque()
        self._lock = threading.Lock()

    async def call(
        self, request: Mapping[str, Any], *, timeout_s: float, alone: bool = False
    ) -> Any:
        """One call, when there is a place; `alone`, in a worker that takes no other."""
        worker, number, call = await self._begin(dict(request), alone=alone)
        is_over = False
        try:
            try:
                await within(START_S, _awaited(call.begun))
            except TimedOut:
                raise Failed(f"its process did not call it within {START_S:g} s") from None
            result = await within(timeout_s, _awaited(call.ended))
            is_over = True
            return result
        except (Refused, Failed):
            is_over = call.ended.done()
            raise
        finally:
            worker.leave(number, retire=alone or not is_over)
            self._free()

    def close(self) -> None:
        """End all workers and wait until nothing is left of them."""
        with self._lock:
            workers, self._workers = self._workers, []
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join()

    async def _begin(self, request: dict[str, Any], *, alone: bool) -> tuple[Worker, int, Call]:
        while True:
            with self._lock:
                worker = self._place(alone=alone)
                if worker is not None:
                    with suppress(WorkerDied):  # just now; there are others
                        return worker, *worker.ask(request, is_last=alone)
                    continue
                turn: Future[None] = Future()
                self._waiting.append(turn)
            try:
                await asyncio.wrap_future(turn)
            except asyncio.CancelledError:
                if turn.done():  # a turn that nobody takes goes to the next
                    self._free()
                raise

    def _place(self, *, alone: bool) -> Worker | None:
        """A worker for a call: an idle one, a new one, the one with the fewest calls, or none."""
        self._workers = [one for one in self._workers if one.is_there]
        taking = [one for one in self._workers if not one.is_retired]
        least = min(taking, key=lambda one: one.load, default=None)
        if least is not None and not alone and (least.load == 0 or len(taking) >= self._most):
            return least if least.load < CALLS else None
        worker = Worker()
        self._workers.append(worker)
        return worker

    def _free(self) -> None:
        """Let the next that waits look for a place; one that was cancelled leaves it to another."""
        with self._lock:
            while self._waiting:
                turn = self._waiting.popleft()
                if turn.set_running_or_notify_cancel():
                    turn.set_result(None)
                    break


async def _awaited(future: Future[T]) -> T:
    return await asyncio.wrap_future(future)


_lock = threading.Lock()
_pool: Pool | None = None


def _shared() -> Pool:
    global _pool
    with _lock:
        if _pool is None:
            _pool = Pool(places())
            atexit.register(close)
        return _pool


def close() -> None:
    """End the workers of this process; they are started again when needed."""
    if _pool is not None:
        _pool.close()


def _forget() -> None:
    """A fork of the trainer has copies of the pipes, not the workers."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
