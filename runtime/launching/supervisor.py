"""The trainers of a host: started, watched, stopped and reaped by process 1.

Process 1 inherits every orphan of the container, so it waits for any process, not for its own only.
Each trainer leads a process group; what a trainer leaves behind ends with it.

A stop is SIGTERM to the trainers, which save a checkpoint at the next step boundary, and SIGKILL
when the grace is over. That loses no more than the step at hand: whatever is on disk is whole.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

from mrlc.runtime.launching.children import Child
from mrlc.runtime.launching.failure import FAULT, LOST, Failure
from mrlc.runtime.stopping import STOPPED

GRACE = "MRLC_GRACE_S"
"""Variable: seconds between SIGTERM and SIGKILL."""
DEFAULT_GRACE_S = 110.0
"""The service sends SIGKILL after 120; ten are left to copy the reports."""
BEAT_S = 0.1
CAUSE_S = 5.0
"""How long the cause is waited for where a trainer ends because of others."""
_SYMPTOMS = (LOST, STOPPED)
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER: orphans come here also where another process is number 1."""


class StopAsked:
    """Whether someone has asked this host to stop."""

    def __init__(self) -> None:
        self.at: float | None = None

    def ask(self, *_: object) -> None:
        """Ask; serves as a signal handler."""
        if self.at is None:
            self.at = time.monotonic()

    def listen(self) -> None:
        """Hear SIGTERM, and Ctrl-C where there is a terminal."""
        signal.signal(signal.SIGTERM, self.ask)
        signal.signal(signal.SIGINT, self.ask)


def adopt_orphans() -> None:
    """Become the parent of all that lose theirs below this process."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def supervise(
    children: Sequence[Child],
    stop: StopAsked,
    *,
    host: str,
    grace_s: float,
    beat: Callable[[], None] = lambda: None,
) -> Failure | None:
    """Run the children to their end; None where all went well, or were stopped in time.

    `beat` is called ten times a second and ends everything by raising.
    """
    running = {_start(child): child for child in children}
    told, symptom, since = False, None, 0.0
    try:
        while _trainers(running) or symptom:
            if stop.at is not None and not told:
                _signal(_trainers(running), signal.SIGTERM)  # the step at hand needs the servers
                told, symptom = True, None
            if stop.at is not None and time.monotonic() - stop.at > grace_s:
                return None
            failure = _ended(running, host, is_stopping=told)
            if failure is not None and failure.code not in _SYMPTOMS:
                return failure
            if failure is not None and symptom is None:
                symptom, since = failure, time.monotonic()
            if symptom is not None and time.monotonic() - since > CAUSE_S:
                return Failure(symptom.message, FAULT)
            beat()
            time.sleep(BEAT_S)
        return None
    finally:
        _signal(_trainers(running), signal.SIGKILL)
        _signal(running, signal.SIGTERM)  # a server gives back what outlives it in /dev/shm
        _reap(running)
        _signal(running, signal.SIGKILL)
        _reap(running)


def _trainers(running: dict[int, Child]) -> dict[int, Child]:
    return {pid: child for pid, child in running.items() if not child.serves}


def reap() -> dict[int, int]:
    """Wait for every process that has ended: its id → its exit code, negative for a signal."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = os.waitstatus_to_exitcode(status)


def _start(child: Child) -> int:
    process = subprocess.Popen(child.command, env=child.environment, start_new_session=True)
    process.returncode = 0  # `reap` waits for it; Popen must not
    return process.pid


def _ended(running: dict[int, Child], host: str, *, is_stopping: bool) -> Failure | None:
    """Strike out who has ended; the first to blame.

    A trainer that dies takes the others with it, through their broken connections. Of several that
    end in one beat, the one with a fault of the user's is to blame.
    """
    failures = []
    for pid, code in reap().items():
        child = running.pop(pid, None)
        if child is None:
            continue
        _kill_group(pid, signal.SIGKILL)
        if child.serves or (code != 0 and not is_stopping):
            failures.append(_blamed(child, code, host))
    return min(failures, key=lambda failure: failure.code, default=None)


def _blamed(child: Child, code: int, host: str) -> Failure:
    if child.message.is_file():
        message = child.message.read_text("utf-8")
        return Failure(f"host {host}: {message}" if code == LOST else message, code)
    if code == -signal.SIGKILL:
        message = f"host {host}: {child.name} was killed; most often the memory was full"
    elif code < 0:
        message = f"host {host}: {child.name} died of {signal.Signals(-code).name}"
    elif code == STOPPED:
        message = f"host {host}: {child.name} was told to stop by someone other than the service"
    else:
        message = f"host {host}: {child.name} ended with exit code {code}; its log says why"
    return Failure(message, max(code, FAULT))


def _signal(running: dict[int, Child], number: signal.Signals) -> None:
    for pid in running:
        if number is signal.SIGKILL:
            _kill_group(pid, number)
        else:  # the trainer's own children are the trainer's affair
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _kill_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _reap(running: dict[int, Child], patience_s: float = 5.0) -> None:
    until = time.monotonic() + patience_s
    while running and time.monotonic() < until:
        for pid in reap():
            running.pop(pid, None)
        time.sleep(BEAT_S / 10)
