"""A warden: forks one child a call, watches it, and answers when nothing of it is left.

The warden keeps the deadline, counts the output and the CPU time, and empties the folder. It
never waits for a pipe to end, as a process that got away would hold it open. It
ends with its own input, so a trainer that is killed leaves no warden.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import secrets
import select
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict

from mrlc.runtime.sandbox.native import folder as folders
from mrlc.runtime.sandbox.native import inside, rights, shell, slot
from mrlc.runtime.sandbox.native.request import Answer, Cause, Request, receive, send

_MODULES = """
abc array base64 binascii bisect calendar cmath collections collections.abc contextlib copy csv
dataclasses datetime decimal difflib encodings.idna encodings.punycode encodings.latin_1 encodings.utf_16 encodings.utf_32
encodings.utf_8_sig encodings.cp1252 encodings.unicode_escape encodings.hex_codec encodings.rot_13 enum fractions functools graphlib hashlib
heapq html io itertools json locale math numbers operator os.path pathlib pprint random re
secrets statistics string struct sys textwrap time traceback types typing unicodedata uuid
warnings zlib _strptime
"""
"""Imported before the first child: in it there are no files to import from."""

LOOK_S = 0.02
"""Seconds between two looks at what a child has used."""
MAX_MESSAGE = 16_384
"""Bytes that are read of a child's channel."""
REQUESTS, ANSWERS = 0, 1


def main(folder: str) -> None:
    """Serve until the input ends; `folder` is the warden's own, and goes with it."""
    slot.adopt_orphans()
    for name in _MODULES.split():
        importlib.import_module(name)
    uid = slot.free_uid() if os.geteuid() == 0 else None
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page it looks at
    try:
        while (found := receive(REQUESTS)) is not None:
            send(ANSWERS, asdict(_Call(Request(**found), folder, uid).run()))
    except (slot.Dirty, BrokenPipeError):
        pass
    finally:
        folders.clear(folder)
        shutil.rmtree(folder, ignore_errors=True)


class _Call:
    """One child, from its fork to its last trace."""

    def __init__(self, request: Request, folder: str, uid: int | None) -> None:
        self._request = request
        self._folder = os.path.join(folder, "call")
        self._uid = uid
        self._token = secrets.token_hex(16)
        self._output = bytearray()
        self._message = bytearray()

    def run(self) -> Answer:
        """Run the child to its end."""
        os.mkdir(self._folder, 0o700)
        if self._uid is not None:
            os.chmod(os.path.dirname(self._folder), 0o711)
            os.chown(self._folder, self._uid, self._uid)
        out, out_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        channel, channel_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        child = os.fork()
        if child == 0:
            self._be_the_child(out_in, channel_in)
        os.close(out_in)
        os.close(channel_in)
        handle = os.pidfd_open(child)
        try:
            cause = self._watch(child, handle, out, channel)
            status = self._end(child)
            self._read(out, channel)
        finally:
            for descriptor in (handle, out, channel):
                os.close(descriptor)
            self._clean()
        return self._answer(cause, status)

    def _be_the_child(self, out: int, channel: int) -> None:
        try:
            _stand_alone(out, channel)
            request, parent = self._request, os.getppid()
            baseline = _memory() if request.kind == "python" else 0
            others = slot.threads_of(os.geteuid()) if self._uid is None else 0
            rights.limit(request, baseline=baseline, others=others)
            if request.kind == "python":
                rights.confine_python(self._folder, uid=self._uid, parent=parent)
                inside.run(request.code, seed=request.seed, channel=3, token=self._token)
            os.write(3, self._token.encode())  # all is set up but the last step
            shell.execute(request, self._folder, uid=self._uid, parent=parent)
        except BaseException as error:  # noqa: BLE001 -- nothing may return into the warden's loop
            with suppress(BaseException):
                os.write(3, f"{self._token}broken: {type(error).__name__}: {error}".encode())
        finally:
            os._exit(1)

    def _watch(self, child: int, handle: int, out: int, channel: int) -> Cause:
        """Until it ends or must be ended; the cause."""
        poll = select.poll()
        for descriptor in (handle, out, channel):
            poll.register(descriptor, select.POLLIN)
        poll.register(REQUESTS, 0)  # the hang-up alone
        deadline = time.monotonic() + self._request.wall_s
        look_at = time.monotonic() + LOOK_S
        while True:
            for descriptor, events in poll.poll(max(0.0, look_at - time.monotonic()) * 1000):
                if descriptor == handle:
                    return "exit"
                if descriptor == REQUESTS:
                    self._end(child)
                    raise BrokenPipeError
                if not self._read(out, channel):
                    return "output"
                is_full = descriptor == channel and len(self._message) > MAX_MESSAGE
                if events & select.POLLHUP or is_full:
                    poll.unregister(descriptor)  # it would report for ever
            now = time.monotonic()
            if now < look_at:
                continue
            look_at = min(now + LOOK_S, max(deadline, now))
            if now >= deadline:
                return "wall"
            if _cpu_seconds(child) > self._request.cpu_s:
                return "cpu"
            if folders.is_over(self._folder, self._request.file_bytes):
                return "files"

    def _read(self, out: int, channel: int) -> bool:
        """Take what the pipes hold; whether the output is still within its limit."""
        limits = (
            (out, self._output, self._request.output_bytes),
            (channel, self._message, MAX_MESSAGE),
        )
        for descriptor, kept, most in limits:
            while len(kept) <= most:
                try:
                    part = os.read(descriptor, 65536)
                except BlockingIOError:
                    break
                if not part:
                    break
                kept += part
        return len(self._output) <= self._request.output_bytes

    def _end(self, child: int) -> int:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        return os.waitpid(child, 0)[1]

    def _clean(self) -> None:
        if self._request.kind == "shell" and self._uid is not None:
            slot.sweep(self._uid)
        folders.clear(self._folder)
        os.rmdir(self._folder)

    def _answer(self, cause: Cause, status: int) -> Answer:
        number = os.waitstatus_to_exitcode(status)
        message = self._message.decode(errors="replace")
        # Without the token it is the code's own writing, and says nothing.
        message = message.removeprefix(self._token) if message.startswith(self._token) else ""
        if cause == "exit" and number < 0:
            cause = "cpu" if -number == signal.SIGXCPU else "signal"
        if cause == "exit" and len(self._output) > self._request.output_bytes:
            cause = "output"
        output = bytes(self._output[: self._request.output_bytes]).decode(errors="replace")
        return Answer(cause, abs(number), output, message)


def _stand_alone(out: int, channel: int) -> None:
    """Own input and output, the channel as 3, and nothing else open."""
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.dup2(channel, 3, inheritable=False)
    os.set_blocking(1, True)
    os.set_blocking(3, True)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.closerange(4, 4096)
    for number in range(1, signal.NSIG):
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # too large a file is an error of the code
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    # One writer for both: what is written last stands last, up to the limit of the output.
    sys.stdout = sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8", errors="replace"
    )


def _cpu_seconds(child: int) -> float:
    """CPU time of a process, by its clock (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime((~child << 3) | 2)
    except OSError:
        return 0.0  # it is gone


def _memory() -> int:
    """Bytes of address space that this process has."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
