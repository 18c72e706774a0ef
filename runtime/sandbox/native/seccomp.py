"""System calls refused by the kernel, for this process and all its children, for good.

A filter is a program of the classic Berkeley packet filter, one test a call
(https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html). A refused call fails
with EPERM: the code sees an error, and goes on.
"""

from __future__ import annotations

import ctypes
import platform
import struct
from collections.abc import Iterable

from mrlc.runtime.sandbox.native.syscalls import CALM, GRAVE, NUMBERS

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""machine → column of `NUMBERS`, what the kernel calls it."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_OF, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_NEW_NAMESPACES = 0x7E020080
"""CLONE_NEW*: a namespace of one's own opens the kernel's code for root to anyone."""
_X32 = 0x40000000

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def only_calm() -> bytes:
    """A filter that lets through what a computation needs and nothing else."""
    return _program([*_times_of_open_files(), *_tests(CALM, _ALLOW), _return(_ERROR | _EPERM)])


def nothing_grave() -> bytes:
    """A filter for programs that start others: all but what reaches beyond the sandbox.

    clone3 hides its flags behind a pointer; ENOSYS makes libc use clone, whose flags are seen.
    """
    return _program(
        _tests(["clone3"], _ERROR | _ENOSYS)
        + _tests(GRAVE, _ERROR | _EPERM)
        + _times_of_open_files()
        + _clone_without_namespaces()
        + [_return(_ALLOW)]
    )


def install(program: bytes) -> None:
    """Put a filter on this process.

    Raises:
        OSError: the kernel has no filters.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    held = _Program(len(program) // 8, program)
    for call in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(held), 0, 0),
    ):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "seccomp")


def _program(tests: list[bytes]) -> bytes:
    known = _machine()[1]
    head = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, known, 1, 0),
        _return(_KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _X32, 0, 1),  # the same calls by other numbers
        _return(_ERROR | _EPERM),
    ]
    return b"".join(head + tests)


def _machine() -> tuple[int, int]:
    try:
        return _ARCHITECTURES[platform.machine()]
    except KeyError:
        raise OSError(_ENOSYS, f"no seccomp filter for {platform.machine()}") from None


def _tests(names: Iterable[str], action: int) -> list[bytes]:
    column = _machine()[0]
    numbers = sorted(n for name in names if (n := NUMBERS[name][column]) is not None)
    return [part for number in numbers for part in (_step(_EQUAL, number, 0, 1), _return(action))]


def _clone_without_namespaces() -> list[bytes]:
    number = NUMBERS["clone"][_machine()[0]]
    assert number is not None
    return [
        _step(_EQUAL, number, 0, 3),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_ANY_OF, _NEW_NAMESPACES, 0, 1),
        _return(_ERROR | _EPERM),
        _step(_LOAD, _NUMBER),
    ]


def _times_of_open_files() -> list[bytes]:
    """Times are set of what is open: by a path it works on all that the mode lets be written,
    and Landlock does not look."""
    number = NUMBERS["utimensat"][_machine()[0]]
    assert number is not None
    refuse = _return(_ERROR | _EPERM)
    return [
        _step(_EQUAL, number, 0, 6),
        _step(_LOAD, _SECOND_ARGUMENT),
        _step(_EQUAL, 0, 1, 0),
        refuse,
        _step(_LOAD, _SECOND_ARGUMENT + 4),
        _step(_EQUAL, 0, 1, 0),
        refuse,
        _step(_LOAD, _NUMBER),
    ]


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)


def _return(action: int) -> bytes:
    return _step(_RETURN, action)
