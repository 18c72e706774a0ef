"""Functions of the user that score and read, each call with a limit on its time.

    LimitedFunction ── the trajectories ──▶ one process (`limited_process`): the user's file
                    ◀── a value, or what it raised, for each

They are called in a process of their own, not in a thread: a thread cannot be ended, and one that
holds the interpreter's lock (a regular expression that backtracks, a power of large numbers) would
not even let the trainer see that its time is up. The process runs one call at a time, in its main
thread, where a function may set alarms; it is started at the first call, shared by all functions,
and ends with this process, however that ends. A call that is late ends it; the next starts another.

A batch goes over in one message, so that thousands of cheap calls cost what is pickled and little
else. What is asked of a function is known from `CallFailed`, `CallLate` or the value.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mrlc.runtime.code import Told, blame, describe
from mrlc.runtime.endings import how_ended
from mrlc.runtime.errors import PlanFault

START_S = 60.0
"""Seconds in which the user's file must be loaded, with what it imports; no part of a call."""
TOGETHER = 64
"""Calls in a message: from there on a longer one costs the same a call, and takes more memory."""
ASK_WHERE_S = 0.5
"""Seconds for a late process to say where it is."""
LIMIT = "turns.score_timeout_s"
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mrlc.runtime.limited_process import main; main(*map(int, sys.argv[2:]))"
)


class CallFailed(Told):
    """The function raised, or took its process down; one line, as `describe` has it."""

    def __init__(
        self, text: str, blame: str, verdict: str | None = None, help: str | None = None
    ) -> None:
        super().__init__(text)
        self.blame = blame
        """The same without what may hold a secret."""
        self.verdict = verdict
        """The message of a ValueError; None for any other."""
        self.help = help
        """What to do, where the file could not be loaded."""


class CallLate(Told):
    """The function did not come to an end in its time; one line, with where it was."""


Outcome = tuple[Any] | CallFailed | CallLate
"""Of a call: a value, in a tuple, or why there is none."""


def help_for(error: BaseException) -> str | None:
    """What to do about a component or scorer that was late; None for other errors."""
    if not isinstance(error, CallLate):
        return None
    return (
        f"where it waits for somebody, give it a time-out of its own; {LIMIT} is its time for an "
        "episode, and mrlc run --resume goes on with a run that was ended"
    )


class LimitedFunction:
    """`path/file.py:name` as a function of one argument.

    Raises where it is called:
        CallFailed, CallLate: see there.
    """

    def __init__(self, reference: str, inputs: Path, *, timeout_s: float, path: str) -> None:
        """Load it at once, as what cannot be loaded is a fault of the spec at `path`.

        Raises:
            PlanFault: the file does not run, takes too long to, or has no such function.
        """
        self._reference, self._inputs = reference, inputs.resolve()
        self._timeout_s = timeout_s
        self._known: dict[int, tuple[Any, Outcome]] = {}
        for fault in self._outcomes([]):
            assert isinstance(fault, Told)
            help = fault.help if isinstance(fault, CallFailed) else None
            raise PlanFault(path, str(fault), help=help)

    def ahead(self, many: Sequence[Any]) -> None:
        """Call it with each of these, up to the first that fails; they are then asked for singly."""
        self._known = {}
        for start in range(0, len(many), TOGETHER):
            batch = many[start : start + TOGETHER]
            for given, outcome in zip(batch, self._outcomes(batch), strict=False):
                self._known[id(given)] = given, outcome  # the object is held, so its id is its own
                if isinstance(outcome, Told):
                    return

    def __call__(self, given: Any) -> Any:
        """What the function returns."""
        known = self._known.pop(id(given), None)
        outcome = known[1] if known else self._outcomes([given])[0]
        if isinstance(outcome, Told):
            raise outcome
        return outcome[0]

    def _outcomes(self, batch: Sequence[Any]) -> list[Outcome]:
        """Of each call, up to the first that fails."""
        with _lock:
            process, is_through = _shared(), False
            try:
                outcomes = list(
                    process.called(self._reference, self._inputs, batch, self._timeout_s)
                )
                is_through = process.is_well
            finally:
                if not is_through:
                    close()
        return outcomes


class _Process:
    """The process, from this side."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        # Where a call that hangs is, is written to a file: the line is not free.
        self._where = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by `end`
        descriptors = theirs.fileno(), self._where.fileno()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, json.dumps(sys.path), *map(str, descriptors)],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a function prints is no result of ours
                pass_fds=descriptors,
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            self._where.close()
            raise
        finally:
            theirs.close()
        self._line = Connection(ours.detach())
        self.is_well = True
        """Whether it waits for the next batch once this one is through."""

    @property
    def is_there(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process.poll() is None

    def called(
        self, reference: str, inputs: Path, batch: Sequence[Any], timeout_s: float
    ) -> Iterator[Outcome]:
        """What becomes of each call, up to the first that fails."""
        try:
            self._line.send((reference, str(inputs), list(batch), timeout_s))
            if not self._line.poll(START_S):
                yield self._late(reference, inputs, f"took longer than {START_S:g} s to load")
                return
            state, *found = self._read()
            for _ in batch if state == "loaded" else ():
                if not self._line.poll(timeout_s):
                    yield self._late(reference, inputs, f"took longer than {timeout_s:g} s")
                    return
                state, *found = self._read()
                if state == "failed":
                    break
                yield (found[0],)
            if state == "failed":
                yield CallFailed(*found)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.is_well = False
            how = how_ended(self._process.wait())
            yield CallFailed(f"{how} in {reference}", how)

    def _read(self) -> Any:
        reply = self._line.recv_bytes()
        try:
            return pickle.loads(reply)
        except Exception as error:  # noqa: BLE001 -- what was returned runs its own code here
            return "failed", describe(error), blame(error)

    def _late(self, reference: str, inputs: Path, what: str) -> CallLate:
        self.is_well = False
        file = reference.rpartition(":")[0]
        line = self._line_of((inputs / file).resolve())
        return CallLate(f"{what} in {reference}{f', at line {line}' if line else ''}")

    def _line_of(self, file: Path) -> int | None:
        """The line of the user's file that is running; the process writes its stack on SIGUSR1."""
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGUSR1)
        until = time.monotonic() + ASK_WHERE_S
        prefix = f'File "{file}", line '
        while time.monotonic() < until:
            text = os.pread(self._where.fileno(), 1 << 16, 0).decode("utf-8", "replace")
            if prefix in text:
                return int(text.partition(prefix)[2].partition(" ")[0])
            time.sleep(0.01)
        return None

    def end(self) -> None:
        """End it with all that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._line.close()
        self._where.close()


_lock = threading.RLock()
_process: _Process | None = None


def _shared() -> _Process:
    global _process
    if _process is not None and not _process.is_there:
        close()
    if _process is None:
        _process = _Process()
        atexit.register(close)
    return _process


def close() -> None:
    """End the process, if there is one; it is started again when needed."""
    global _process
    with _lock:
        process, _process = _process, None
        if process is not None:
            process.end()
            atexit.unregister(close)


def _forget() -> None:
    """A fork has copies of the descriptors, not the process."""
    global _process, _lock
    _process, _lock = None, threading.RLock()


os.register_at_fork(after_in_child=_forget)
