"""What a child keeps of its parent's rights: next to nothing.

Order matters. Limits come first, then the root folder and the uid, which need the rights that
go with them; then Landlock and at last seccomp, under which nothing of this could be done.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal

from mrlc.runtime.sandbox.native import landlock, seccomp
from mrlc.runtime.sandbox.native.request import Request

PROGRAMS = (
    "/bin",
    "/sbin",
    "/usr",
    "/lib",
    "/lib64",
    "/lib32",
    "/etc/ld.so.cache",
    "/etc/alternatives",
)
"""What a shell may read and run."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
OPEN_FILES = 64
_PR_SET_PDEATHSIG = 1


def limit(request: Request, *, baseline: int, others: int) -> None:
    """Bound what this process may take.

    `baseline` bytes of its memory are not its own doing, and `others` of its user's processes.
    """
    seconds = math.ceil(request.cpu_s) + 1  # a backstop; the warden counts more finely
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: baseline + request.memory_bytes,
        resource.RLIMIT_FSIZE: request.file_bytes,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_NPROC: request.processes + others,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    for what, most in limits.items():
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def become(uid: int) -> None:
    """Be a user that nothing belongs to."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def die_with(parent: int) -> None:
    """Be killed when the warden is; a change of uid takes this back, so it comes after one."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def confine_python(folder: str, *, uid: int | None, parent: int) -> None:
    """Keep this process in its folder, with no call but those of a computation."""
    where = folder
    if uid is not None:
        os.chroot(folder)
        where = "/"
        become(uid)
    os.chdir(where)
    die_with(parent)
    if landlock.version():
        landlock.restrict(readable=(), writable=(where,))
    seccomp.install(seccomp.only_calm())


def confine_shell(folder: str, *, uid: int, parent: int) -> None:
    """Keep this process and its children to programs and their folder, without a network."""
    os.chdir(folder)  # first: the way there may be closed to the slot's user
    become(uid)
    os.setsid()
    die_with(parent)
    landlock.restrict(readable=(*PROGRAMS, *DEVICES[1:]), writable=(".", *DEVICES[:1]))
    seccomp.install(seccomp.nothing_grave())
