"""A worker as the pool sees it: a process, the calls under way in it, and their end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from mrlc.runtime.endings import how_ended
from mrlc.runtime.environment.workspace import new_folder, remove

SEND_S = 1.0
"""Seconds for a request to be taken; one that reads none is beyond help, and so would be the loop."""
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mrlc.runtime.tool_process import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)


class WorkerDied(Exception):
    """The process ended under the call; the message is how, in a few words."""


class Refused(Exception):
    """The function raised a `ToolError`."""

    def __init__(self, reply: Any) -> None:
        super().__init__(reply)
        self.reply = reply


class Failed(Exception):
    """The function raised something else, or returned no JSON; the message is one line."""


@dataclass
class Call:
    """One call: when the function began, and what came of it."""

    begun: Future[None] = field(default_factory=Future)
    ended: Future[Any] = field(default_factory=Future)

    def __post_init__(self) -> None:
        for future in (self.begun, self.ended):
            future.set_running_or_notify_cancel()  # from here on nobody can cancel it under us

    def fail(self, error: Exception) -> None:
        """Tell whoever still waits."""
        for future in (self.begun, self.ended):
            if not future.done():
                future.set_exception(error)


class Worker:
    """One process. It is exec'd as a fresh Python: a fork would copy the trainer's locked locks.

    It has a temporary folder of its own, which goes with it, and a session of its own, so that
    what a function starts is killed with it.
    """

    def __init__(self) -> None:
        self.is_retired = False
        """Whether it takes no more calls."""
        self._calls: dict[int, Call] = {}
        self._numbers = count()
        self._lock = threading.Lock()
        self._folder = new_folder()
        self._requests, theirs = socket.socketpair()
        self._requests.settimeout(SEND_S)
        self._replies, replies = os.pipe()
        arguments = [json.dumps(sys.path), str(theirs.fileno()), str(replies)]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, *arguments],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), replies),
                env={**os.environ, "TMPDIR": str(self._folder)},
                start_new_session=True,
            )
        except BaseException:
            self._requests.close()
            os.close(self._replies)
            remove(self._folder)
            raise
        finally:
            theirs.close()
            os.close(replies)
        self._reader = threading.Thread(target=self._read, name="mrlc-worker", daemon=True)
        self._reader.start()

    @property
    def load(self) -> int:
        """Calls under way."""
        return len(self._calls)

    @property
    def is_there(self) -> bool:
        """Whether anything is left of it."""
        return self._reader.is_alive()

    def ask(self, request: dict[str, Any], *, is_last: bool) -> tuple[int, Call]:
        """Begin a call; its number is for `leave`. After the last it takes no more.

        Raises:
            WorkerDied: it takes none.
        """
        call = Call()
        with self._lock:
            if self.is_retired:
                raise WorkerDied("its process has ended")
            self.is_retired = is_last
            number = next(self._numbers)
            self._calls[number] = call
        line = json.dumps({"id": number, **request}).encode() + b"\n"
        try:
            self._requests.sendall(line)
        except OSError as error:
            self.leave(number, retire=True)
            raise WorkerDied("its process takes no call") from error
        return number, call

    def leave(self, number: int, *, retire: bool) -> None:
        """A call is over, or given up; one given up retires the worker."""
        with self._lock:
            self._calls.pop(number, None)
            if retire and not self.is_retired:
                self.is_retired = True
                # What has not begun, and perhaps cannot as the late one computes, waits for no more.
                for call in self._calls.values():
                    if not call.begun.done():
                        call.fail(WorkerDied("another call in its process hangs"))
            is_idle = self.is_retired and not self._calls
        if is_idle:
            self.kill()

    def kill(self) -> None:
        """End it with all that it has started; `_read` cleans up behind it."""
        self.is_retired = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def join(self) -> None:
        """Wait until nothing is left of it."""
        self._reader.join()

    def _read(self) -> None:
        """Hand out the answers until the process ends; then tell the rest how it ended."""
        with os.fdopen(self._replies, "rb") as lines:
            for line in lines:
                with suppress(ValueError):  # the half line of a process that died
                    self._hand_out(json.loads(line))
        self.kill()
        how = how_ended(self._process.wait())
        with self._lock:
            calls = list(self._calls.values())
        for call in calls:
            call.fail(WorkerDied(how))
        self._requests.close()
        remove(self._folder)

    def _hand_out(self, answer: dict[str, Any]) -> None:
        with self._lock:
            call = self._calls.get(answer["id"])
        if call is None:
            return
        if answer["state"] == "begun":
            _settle(call.begun, lambda: None)
        else:
            _settle(call.begun, lambda: None)  # a file that does not load never begins
            _settle(call.ended, lambda: _result(answer["state"], answer["text"]))


def _settle(future: Future[Any], result: Callable[[], Any]) -> None:
    if future.done():
        return
    try:
        future.set_result(result())
    except (Refused, Failed) as error:
        future.set_exception(error)


def _result(state: str, text: str) -> Any:
    if state == "broken":
        raise Failed(text)
    value = json.loads(text)
    if state == "refused":
        raise Refused(value)
    return value
