"""What a process holds that it may leave behind: counted before and after, and compared."""

from __future__ import annotations

import gc
import os
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

from tests.runtime.sandbox.conftest import children, end_all

PATIENCE_S = 5.0
"""What ends by itself, such as a thread that was told to, gets so long."""


def traces() -> dict[str, list[str]]:
    """Processes, open files, threads, temporary files and databases, each by a name."""
    gc.collect()
    connections = [one for one in gc.get_objects() if type(one) is sqlite3.Connection]
    folder = Path(tempfile.gettempdir())
    return {
        "processes": [_command(pid) for pid in sorted(children())],
        "files": _files(),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "temporary": sorted(str(path.relative_to(folder)) for path in folder.rglob("*")),
        "connections": ["sqlite"] * len(connections),
    }


def more(before: dict[str, list[str]]) -> dict[str, list[str]]:
    """What there is beyond `before`, once the helpers that wait for work are told to end."""
    end_all()
    until = time.monotonic() + PATIENCE_S
    while True:
        now = traces()
        found = {kind: _beyond(before[kind], now[kind]) for kind in now}
        found = {kind: names for kind, names in found.items() if names}
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.05)


def _beyond(before: list[str], now: list[str]) -> list[str]:
    rest = list(before)
    found = []
    for name in now:
        if name in rest:
            rest.remove(name)
        else:
            found.append(name)
    return found


def _files() -> list[str]:
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue  # the listing's own
        found.append(target.split(":[")[0])
    return sorted(found)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"
