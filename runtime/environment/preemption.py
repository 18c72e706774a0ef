"""Preemption: the user's code that does not give way is interrupted by another thread.

A coroutine that blocks, in a loop without an `await` or in a call without a time-out, holds up every
episode, and no limit that the event loop keeps is looked at meanwhile. CPython can raise an
exception in any thread at its next instruction (PyThreadState_SetAsyncExc), which ends a loop. A
system call in the main thread, such as a sleep or a read from a socket, is ended by a signal too:
SIGURG, which nobody else uses and which is ignored by default, as Go's scheduler has it. One in
another thread goes on until it returns.
"""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from mrlc.runtime.code import Misbehaved

T = TypeVar("T")

LOOK_S = 0.25
"""From one look at the step that is running to the next; who swallows an interruption gets another."""
_SOON = 100
"""Turns of an empty loop within which an interruption that was asked for arrives."""


class Preempted(BaseException):
    """Raised in code that is interrupted; an `except Exception` of the user's does not hold it up."""


class HeldUp(Misbehaved):
    """A coroutine that did not give way."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"blocked every episode for {seconds:g} s without an await")


class Preemptible(Generic[T]):
    """Code that runs in one thread and that another may interrupt."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._is_asked = False

    def run(self, function: Callable[[], T]) -> T:
        """Call the function; nothing is raised in the thread once this has returned.

        Raises:
            Preempted: it was interrupted.
        """
        self._thread, self._is_asked = threading.get_ident(), False
        try:
            try:
                return function()
            finally:
                self._end()
        except Preempted:
            self._end()  # the first may have been cut short
            raise

    def preempt(self) -> None:
        """Interrupt the function, if it is running."""
        with self._lock:
            if self._thread is None:
                return
            self._is_asked = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread), ctypes.py_object(Preempted)
            )
            if self._thread == threading.main_thread().ident:
                signal.pthread_kill(self._thread, signal.SIGURG)

    def _end(self) -> None:
        with self._lock:
            self._thread = None
        if self._is_asked:
            for _ in range(_SOON):  # it arrives here, if it has not yet
                pass


class Watch:
    """A thread that interrupts a step of a coroutine which takes longer than it may.

    It watches one event loop, as long as it is entered.
    """

    def __init__(self) -> None:
        self._step: tuple[Preemptible[Any], float] | None = None
        """What is running, and until when it may."""
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="mrlc-watch", daemon=True)

    def __enter__(self) -> Self:
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:
            self._before = signal.signal(signal.SIGURG, _wake)
        self._token = _WATCH.set(self)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()
        _WATCH.reset(self._token)
        if self._is_main:
            signal.signal(signal.SIGURG, self._before)

    def step(self, function: Callable[[], T], *, seconds: float) -> T:
        """Call what takes a coroutine to its next await.

        Raises:
            HeldUp: it took longer than `seconds`, and was interrupted.
        """
        running: Preemptible[T] = Preemptible()
        self._step = (running, time.monotonic() + seconds)
        try:
            return running.run(function)
        except Preempted as error:
            raise HeldUp(seconds).with_traceback(error.__traceback__) from error
        finally:
            self._step = None

    def _look(self) -> None:
        while not self._is_over.wait(LOOK_S):
            step = self._step
            if step is not None and time.monotonic() > step[1]:
                step[0].preempt()


class Watched(Coroutine[Any, Any, T]):
    """A coroutine none of whose steps may take longer than `seconds`, where there is a watch."""

    def __init__(self, call: Coroutine[Any, Any, T], seconds: float) -> None:
        self._call = call
        self._seconds = seconds

    def send(self, value: Any) -> Any:
        """Go on to the next await."""
        return self._taken(partial(self._call.send, value))

    def throw(self, *error: Any) -> Any:
        """Go on from an error, such as a cancellation."""
        return self._taken(partial(self._call.throw, *error))

    def close(self) -> None:
        """End it where it is."""
        self._call.close()

    def __await__(self) -> Any:
        return self._call.__await__()

    def _taken(self, step: Callable[[], Any]) -> Any:
        watch = _WATCH.get()
        return step() if watch is None else watch.step(step, seconds=self._seconds)


_WATCH: ContextVar[Watch | None] = ContextVar("mrlc_watch", default=None)


def _wake(*_: object) -> None:
    """Nothing: what is raised in the main thread is raised as this begins, and ends the system call."""
