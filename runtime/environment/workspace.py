"""Where the folders of episodes lie: one workspace a process, below the system's temporary folder.

    <temporary>/mrlc-<uid>/
      door             locked while a workspace is made or the dead ones are swept
      w-<random>/      one process's
        alive          locked for as long as the process lives, by the kernel's own account
        e-<random>/    one episode's folder

A process that is killed leaves its workspace behind, unlocked. The next one that needs a
workspace takes the lock of each that it finds: what it gets is dead, and is removed. A live
one's lock it cannot get, whatever became of process ids in between.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path


def new_folder() -> Path:
    """An empty folder for one episode, for this user alone."""
    try:
        return Path(tempfile.mkdtemp(prefix="e-", dir=_workspace(os.getpid())))
    except FileNotFoundError:  # what cleans up old temporary files has been here
        _workspace.cache_clear()
        return Path(tempfile.mkdtemp(prefix="e-", dir=_workspace(os.getpid())))


def remove(folder: Path) -> None:
    """Remove a folder whatever is in it; what cannot be removed is left to the next sweep."""
    if not os.path.lexists(folder):
        return
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # the user's code has taken a folder's rights away
        for root, _, _ in os.walk(folder):
            os.chmod(root, 0o700)
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _workspace(process: int) -> Path:
    """This process's workspace; a forked child makes one of its own."""
    base = _base()
    with _locked(base / "door"):
        _sweep(base)
        folder = Path(tempfile.mkdtemp(prefix="w-", dir=base))
        alive = os.open(folder / "alive", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(alive, fcntl.LOCK_EX)  # never closed: it ends with the process

    def leave() -> None:
        if os.getpid() == process:  # not in a child that was forked later
            remove(folder)

    atexit.register(leave)
    return folder


def _base() -> Path:
    """The user's own folder; one that somebody else has put there is not used."""
    base = Path(tempfile.gettempdir()) / f"mrlc-{os.geteuid()}"
    try:
        base.mkdir(mode=0o700)
    except FileExistsError:
        found = base.lstat()
        is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if not is_ours or found.st_mode & 0o077:
            return Path(tempfile.mkdtemp(prefix="mrlc-"))
    return base


def _sweep(base: Path) -> None:
    """Remove the workspaces of processes that are gone."""
    for folder in sorted(base.glob("w-*")):
        try:
            alive = os.open(folder / "alive", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:  # killed between the two steps that make one
            remove(folder)
            continue
        except OSError:
            continue
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(folder)
        except BlockingIOError:
            pass  # its process lives
        finally:
            os.close(alive)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    door = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield
    finally:
        os.close(door)
