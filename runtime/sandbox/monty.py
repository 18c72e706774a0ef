"""`python` by Monty: an interpreter of a part of Python that has no file, socket or process to give.

Its workers are processes of their own, replaced when they crash. Every limit is set, as
without them nothing is bounded. Time stands still, sleep takes none, and `random` is seeded,
so equal calls give equal output.
"""

from __future__ import annotations

import atexit
import os
import threading
from datetime import UTC, datetime

import pydantic_monty

from mrlc.runtime.sandbox.outcome import (
    Limits,
    Outcome,
    SandboxBroken,
    failed,
    megabytes,
    ok,
    stopped,
)
from mrlc.runtime.sandbox.show import show
from mrlc.runtime.sandbox.wardens import places

MAX_LETTERS = 100_000
MAX_DEPTH = 500
NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""What every clock shows."""
GRACE_S = 5.0
"""Seconds past the limit after which a worker that does not stop is killed."""
RECYCLE = 1000
"""Calls after which a worker is replaced, so that no leak of it grows."""


class Monty:
    """The engine; every call has a session of its own."""

    tier = f"interpreter: monty {pydantic_monty.__version__}"

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bounds: pydantic_monty.ResourceLimits = {
            "max_feed_duration_secs": limits.wall_s,
            "max_memory": limits.memory_bytes,
            "max_recursion_depth": MAX_DEPTH,
            "max_suspensions": 100,
        }

    def run(self, code: str, *, seed: int) -> Outcome:
        """Run it in a fresh session."""
        if len(code) > MAX_LETTERS:
            return failed(f"the code has more than {MAX_LETTERS} letters")
        output = _Output(self._limits.output_bytes)
        policy: pydantic_monty.OSPolicy = {
            "datetime": NOW,
            "sleep": "zero",
            "random_start": {"seed": seed},
        }
        try:
            with _pool().checkout(limits=self._bounds, os_policy=policy) as session:
                value = session.feed_run(code, print_callback=output)
            return self._ended(output, show(value, self._limits.output_bytes))
        except pydantic_monty.MontyCrashedError as error:
            return self._crashed(error, output)
        except pydantic_monty.MontyError as error:
            return self._failed(error, output)
        except (ValueError, RecursionError, MemoryError):  # no Python value says what it is
            return failed("the value cannot be shown", output.text)
        except OSError as error:
            raise SandboxBroken(f"monty cannot be started: {error.strerror}") from error

    def _ended(self, output: _Output, value: str | None) -> Outcome:
        if value is not None:
            output.add(value)
        if output.is_full:
            return stopped(f"{self._limits.output_bytes} bytes of output", output.text)
        return ok(output.text)

    def _failed(self, error: pydantic_monty.MontyError, output: _Output) -> Outcome:
        if output.is_full:
            return stopped(f"{self._limits.output_bytes} bytes of output", output.text)
        cause = error.exception()
        if isinstance(cause, TimeoutError):
            return stopped(f"{self._limits.wall_s:g} s", output.text)
        if isinstance(cause, MemoryError):
            return stopped(f"{megabytes(self._limits.memory_bytes)} of memory", output.text)
        return failed(_describe(error), output.text)

    def _crashed(self, error: pydantic_monty.MontyCrashedError, output: _Output) -> Outcome:
        if error.timed_out:
            return stopped(f"{self._limits.wall_s:g} s", output.text)
        return failed("the code crashed the interpreter", output.text)


class _Output:
    """What the code prints, up to a limit; one byte more, and printing fails."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = bytearray()
        self.is_full = False

    def __call__(self, _stream: str, text: str) -> None:
        self.add(text)
        if self.is_full:
            raise BrokenPipeError

    def add(self, text: str) -> None:
        """Keep what still fits."""
        room = self._most - len(self._kept)
        data = text.encode(errors="replace")
        self._kept += data[:room]
        self.is_full |= len(data) > room

    @property
    def text(self) -> str:
        return self._kept.decode(errors="replace")


def _describe(error: pydantic_monty.MontyError) -> str:
    cause = error.exception()
    text = f"{type(cause).__name__}: {cause}"[:500]
    if isinstance(error, pydantic_monty.MontyRuntimeError | pydantic_monty.MontySyntaxError):
        frames = error.traceback()
        return f"{text} (line {frames[-1].line})" if frames else text
    return text


_lock = threading.Lock()
_shared: pydantic_monty.Monty | None = None


def _pool() -> pydantic_monty.Monty:
    """The workers of this process, which end with it."""
    global _shared
    with _lock:
        if _shared is None:
            pool = pydantic_monty.Monty(
                max_processes=places(),
                feed_duration_limit_grace=GRACE_S,
                max_checkouts_per_worker=RECYCLE,
            )
            pool.__enter__()
            atexit.register(close)
            _shared = pool
        return _shared


def close() -> None:
    """End the workers; they are started again when needed."""
    global _shared
    with _lock:
        pool, _shared = _shared, None
    if pool is not None:
        pool.__exit__(None, None, None)


def _forget() -> None:
    """A fork of the trainer has copies of the pipes, not the workers."""
    global _shared, _lock
    _shared, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
