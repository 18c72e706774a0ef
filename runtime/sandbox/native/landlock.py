"""Files, ports and signals out of reach, by the kernel's Landlock; no privilege is needed.

A process that restricts itself can reach only what it names. Each version of the interface can
refuse more; what the kernel at hand knows is refused (https://docs.kernel.org/userspace-api/landlock.html).
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""The same numbers on every machine."""
_READ = 0b1101
"""Execute, read a file, read a folder."""
_OF_FILES = 0b1100_0000_0000_0111
"""Rights that a rule about a file, not a folder, may give."""
_PR_SET_NO_NEW_PRIVS = 38


def version() -> int:
    """The kernel's version of the interface; 0 where there is none."""
    found = _libc().syscall(_CREATE, None, 0, 1)
    return int(max(found, 0))


def restrict(*, readable: Iterable[str], writable: Iterable[str]) -> None:
    """Leave this process nothing but these files and folders, and no port, signal or socket name.

    Raises:
        OSError: the kernel refuses.
    """
    found = version()
    rights = _rights(found)
    attributes = struct.pack("=QQQ", rights, 0b11 if found >= 4 else 0, 0b11 if found >= 6 else 0)
    size = 24 if found >= 6 else 16 if found >= 4 else 8
    ruleset = _checked(_libc().syscall(_CREATE, attributes, size, 0))
    for paths, given in ((readable, _READ), (writable, rights)):
        for path in paths:
            _allow(ruleset, path, given & rights)
    _checked(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_libc().syscall(_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _rights(found: int) -> int:
    """All rights over files that a version knows."""
    bits = 16 if found >= 5 else 15 if found >= 3 else 14 if found >= 2 else 13
    return (1 << bits) - 1


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:  # not every system has every folder of programs
        return
    if not os.path.isdir(path):
        rights &= _OF_FILES
    rule = struct.pack("=Qi", rights, opened)
    _checked(_libc().syscall(_ADD, ruleset, 1, rule, 0))
    os.close(opened)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "landlock")
    return int(result)
