"""The wardens of this process: started when first needed, lent one call at a time, ended with it.

A warden is exec'd as a fresh Python, so it does not matter what the trainer has loaded: a fork
of a trainer with a model in memory takes hundreds of milliseconds and copies its threads'
locks. One that does not answer in time is killed and replaced, and the call is lost.
"""

from __future__ import annotations

import atexit
import os
import queue
import select
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from mrlc.runtime.sandbox.native.request import Answer, Request, receive, send
from mrlc.runtime.sandbox.native.shell import ENVIRONMENT
from mrlc.runtime.sandbox.outcome import SandboxBroken

GRACE_S = 10.0
"""Seconds past a call's own limit in which its warden must have cleaned up and answered."""
_START = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from mrlc.runtime.sandbox.native.warden import main; sys.path.pop(); main(sys.argv[2])"
)


class Warden:
    """One helper process and its folder."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="mrlc-sandbox-")
        # -S and -P: no package of the environment; -s and not -I, which would drop the hash seed.
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-P", "-s", "-c", _START, str(_packages()), self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()

    def ask(self, request: Request) -> Answer:
        """One call.

        Raises:
            SandboxBroken: the warden died or hangs; it is of no more use.
        """
        try:
            send(self._to, request.as_json())
            if not select.select([self._from], [], [], request.wall_s + GRACE_S)[0]:
                raise SandboxBroken("the sandbox does not answer")
            found = receive(self._from)
        except OSError as error:
            raise SandboxBroken(f"the sandbox failed: {error.strerror}") from error
        if found is None:
            raise SandboxBroken("the sandbox died")
        return Answer(**found)

    def close(self) -> None:
        """End it, and what it left."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()  # its end of work
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Wardens:
    """As many as calls run at a time, up to a limit."""

    def __init__(self, most: int) -> None:
        self._free: queue.LifoQueue[Warden | None] = queue.LifoQueue()
        for _ in range(most):
            self._free.put(None)  # a place without a warden yet
        self._owner = os.getpid()
        self._most = most

    def ask(self, request: Request) -> Answer:
        """One call, when a warden is free."""
        warden = self._free.get()
        try:
            warden = warden or Warden()
            answer = warden.ask(request)
        except BaseException:
            if warden is not None:
                warden.close()
            warden = None
            raise
        finally:
            self._free.put(warden)
        return answer

    def close(self) -> None:
        """End all wardens; they are started again when needed."""
        if os.getpid() != self._owner:
            return  # a fork of the trainer has copies of the pipes, not the wardens
        for _ in range(self._most):
            warden = self._free.get()
            if warden is not None:
                warden.close()
        for _ in range(self._most):
            self._free.put(None)


_lock = threading.Lock()
_wardens: Wardens | None = None


def ask(request: Request) -> Answer:
    """One call, by the wardens of this process.

    Raises:
        SandboxBroken: it could not be carried out.
    """
    return _shared().ask(request)


def close() -> None:
    """End the wardens of this process."""
    if _wardens is not None:
        _wardens.close()


def places() -> int:
    """Calls that run at a time: two a core, as a call waits about half of its time."""
    return min(32, 2 * (os.cpu_count() or 1))


def _shared() -> Wardens:
    global _wardens
    with _lock:
        if _wardens is None:
            _wardens = Wardens(places())
            atexit.register(close)
        return _wardens


def _forget() -> None:
    global _wardens, _lock
    _wardens, _lock = None, threading.Lock()


def _packages() -> Path:
    """Where a fresh Python finds `mrlc`."""
    import mrlc

    return Path(str(mrlc.__file__)).parents[1]


os.register_at_fork(after_in_child=_forget)
