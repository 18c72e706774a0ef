"""What a stretch of work leaves behind: processes, file descriptors, threads, temporary files."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_S = 3.0
"""Threads and children may take so long to notice that they are done."""


@dataclass
class Leaks:
    """What is there afterwards and was not before, by kind; empty where all was released."""

    found: dict[str, int] = field(default_factory=dict)


@contextmanager
def counted() -> Iterator[Leaks]:
    """Count around the work; temporary files go to a folder that is looked through and removed."""
    leaks, default = Leaks(), tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="mrlc-gate-") as folder:
        before = _count(Path(folder))
        tempfile.tempdir = folder
        try:
            yield leaks
        finally:
            tempfile.tempdir = default
        leaks.found = _settled(before, Path(folder))


def _settled(before: dict[str, int], folder: Path) -> dict[str, int]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        gc.collect()
        now = _count(folder)
        more = {kind: now[kind] - before[kind] for kind in now if now[kind] > before[kind]}
        if not more or time.monotonic() > deadline:
            return more
        time.sleep(0.05)


def _count(folder: Path) -> dict[str, int]:
    return {
        "processes": _children(),
        "file descriptors": _descriptors(),
        "threads": threading.active_count(),
        "temporary files": sum(1 for _ in folder.rglob("*")),
    }


def _descriptors() -> int:
    for place in ("/proc/self/fd", "/dev/fd"):
        if os.path.isdir(place):
            return len(os.listdir(place))
    return 0


def _children() -> int:
    """Processes whose parent is this one; 0 where the system has no /proc."""
    me, count = str(os.getpid()), 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            count += status.read_text().rpartition(")")[2].split()[1] == me
        except (OSError, ValueError, IndexError):
            continue  # it has just ended
    return count
