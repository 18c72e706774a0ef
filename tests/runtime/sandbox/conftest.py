"""Engines of every tier that holds on this machine, and what a test run must not leave behind."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mrlc.runtime.environment.back_ends import execute as back_end
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.sandbox import monty, wardens
from mrlc.runtime.sandbox.outcome import Engine
from mrlc.runtime.sandbox.tiers import open_engine
from mrlc.schemas.execute import Execute

TIERS = ("python-interpreter", "python-process", "shell-process", "shell-namespaces")


def engine_of(name: str, **limits: Any) -> Engine:
    """The engine of `language-tier`; the test is skipped where it does not hold."""
    language, _, tier = name.partition("-")
    declared = Execute.model_validate({"language": language, "isolation": tier, **limits})
    try:
        return open_engine(declared, path="tool")
    except PlanFault as fault:
        pytest.skip(fault.message)


Open = Callable[..., Engine]


@pytest.fixture(scope="session")
def engine() -> Open:
    """`engine("python-process", timeout_s=1)`."""
    return engine_of


def children() -> set[int]:
    """Processes of this one, all the way down."""
    parents: dict[int, int] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                stat = Path(entry.path, "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(re.sub(r"^.*\)", "", stat).split()[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def traces() -> tuple[set[int], int, set[str], int]:
    """Child processes, open files, folders of sandboxes, threads."""
    folders = {name for name in os.listdir(tempfile.gettempdir()) if "mrlc-sandbox" in name}
    return children(), len(os.listdir("/proc/self/fd")), folders, threading.active_count()


def end_all() -> None:
    """What happens at the end of a process, now."""
    wardens.close()
    monty.close()
    back_end.close()


@pytest.fixture(scope="session", autouse=True)
def _no_traces() -> Iterator[None]:
    """Private folders of this session lie apart from those of others on the machine.

    Not below pytest's own folder, which it closes to other users, as a slot's is.
    """
    before = tempfile.tempdir
    own = Path(tempfile.mkdtemp(prefix="mrlc-test-"))
    own.chmod(0o711)
    tempfile.tempdir = str(own)
    yield
    end_all()
    tempfile.tempdir = before
    left = [name for name in os.listdir(own) if "mrlc-sandbox" in name]
    shutil.rmtree(own)
    assert left == []
