"""Time limits for code that is not ours, be it a coroutine or a blocking function.

The clock of a limit is the loop's, and the loop may be held up: a forward pass of the model runs in
its thread and takes up to seconds, in which nothing that arrives is looked at. So time is counted
in slices, and a slice counts as no more than its own length however long it took. What is ready
when the loop comes back is in time, and what takes several steps gets several looks.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from mrlc.runtime.code import Misbehaved
from mrlc.runtime.environment.preemption import Preemptible, Watched

T = TypeVar("T")

GRACE_S = 1.0
"""Seconds that a cancelled coroutine gets for its own clean-up before it is abandoned."""

_SLICES = 10
"""Looks at a call before it is late: what holds the loop up once costs it a tenth of its time."""


class TimedOut(Exception):
    """The time limit was reached. A tool's own TimeoutError is not this."""


class CancelledItself(Misbehaved):
    """A call was cancelled, by itself and not by whoever awaits it."""

    def __init__(self) -> None:
        super().__init__("cancelled its own call")


async def within(seconds: float, call: Coroutine[Any, Any, T]) -> T:
    """The result of `call`; it is cancelled when its time is up or when this is cancelled.

    Raises:
        TimedOut: it took longer.
        CancelledItself: it ended in a CancelledError of its own.
        HeldUp: it blocked the loop for so long, where a `Watch` is kept.
    """
    task = asyncio.create_task(Watched(call, seconds))
    try:
        for _ in range(_SLICES):
            await asyncio.wait({task}, timeout=seconds / _SLICES)
            if task.done():
                break
        is_late = not task.done()
    finally:
        await _stop(task)
    if is_late:
        raise TimedOut
    if task.cancelled():
        raise CancelledItself
    return task.result()


async def _stop(task: asyncio.Task[Any]) -> None:
    if task.done():
        return
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # it was heard
    task.cancel()
    await asyncio.wait({task}, timeout=GRACE_S)


async def forever() -> None:
    """Wait for what never comes."""
    await asyncio.Event().wait()


async def in_thread(
    function: Callable[[], T], *, holding: AbstractContextManager[object] | None = None
) -> T:
    """Run a blocking function in a thread of its own, and interrupt it when this is cancelled.

    `holding` is entered and left by that thread, and not interrupted. The thread is a daemon: one
    that hangs in a system call holds up neither other calls, as it would in a pool, nor the end of
    the process.
    """
    future: Future[T] = Future()
    running: Preemptible[T] = Preemptible()

    def work() -> None:
        future.set_running_or_notify_cancel()  # from here on nobody can cancel it under us
        try:
            with holding or nullcontext():
                result = running.run(function)
            future.set_result(result)
        except BaseException as error:  # noqa: BLE001 (whoever awaits the future gets it)
            future.set_exception(error)

    threading.Thread(target=work, name="mrlc-tool", daemon=True).start()
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        running.preempt()
        raise
