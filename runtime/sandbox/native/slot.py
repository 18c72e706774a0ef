"""A slot: a user that belongs to one warden, so that all of its processes can be found and killed.

A process that starts a session of its own escapes from its group, and one that doubles itself escapes
from a list. None escapes from its user.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from contextlib import suppress

from mrlc.runtime.sandbox.native import rights

SWEEP_S = 2.0
"""Seconds in which the killed processes of a slot must be gone."""
_PR_SET_CHILD_SUBREAPER = 36


class Dirty(Exception):
    """Something of a call is left, so the slot must not be used again."""


def sweep(uid: int) -> None:
    """Kill all that runs as the slot's user, until there is nothing.

    A process that forks as fast as it is killed loses: kill(-1) reaches all at once.

    Raises:
        Dirty: something is still there.
    """
    until = time.monotonic() + SWEEP_S
    while _is_there(uid):
        if time.monotonic() > until:
            raise Dirty
        sweeper = os.fork()
        if sweeper == 0:
            _kill_all_of(uid)
        os.waitpid(sweeper, 0)
        _reap()


def _kill_all_of(uid: int) -> None:
    try:
        rights.become(uid)
        os.kill(-1, signal.SIGKILL)
    finally:
        os._exit(0)


def _reap() -> None:
    """Take leave of what the killed left behind: the warden is their parent now."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _is_there(uid: int) -> bool:
    """Whether any process belongs to a user; kill(-1) does not tell."""
    _reap()
    for entry in os.scandir("/proc"):
        with suppress(OSError):  # gone while we look
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                return True
    return False


def free_uid() -> int:
    """A user of this warden alone: no two live wardens have one number."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        known = max(int(first) + int(count) for first, _, count in map(str.split, file))
    base = 1_000_000_000
    return base + os.getpid() if known > base + 2**22 else 20_000 + os.getpid() % 40_000


def threads_of(uid: int) -> int:
    """What the kernel counts against a user's limit of processes."""
    found = 0
    for entry in os.scandir("/proc"):
        with suppress(OSError):  # gone while we look
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                found += len(os.listdir(f"{entry.path}/task"))
    return found


def adopt_orphans() -> None:
    """Be the parent of what the killed leave behind, to take leave of it."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
