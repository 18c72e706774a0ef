"""The child of a warden that becomes a shell: under bubblewrap, or with rights alone."""

from __future__ import annotations

import os

from mrlc.runtime.sandbox.native import rights, seccomp
from mrlc.runtime.sandbox.native.request import Request

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
}
"""All that the code finds in its environment, besides its HOME and TMPDIR."""
SHELL = "/bin/sh"


def execute(request: Request, folder: str, *, uid: int | None, parent: int) -> None:
    """Become the shell.

    Raises:
        OSError: it cannot be started.
    """
    if request.bwrap is not None:
        _in_namespaces(request, folder, request.bwrap, uid=uid, parent=parent)
    assert uid is not None
    rights.confine_shell(folder, uid=uid, parent=parent)
    home = {"HOME": folder, "TMPDIR": folder}
    os.execve(SHELL, [SHELL, "-c", request.code], ENVIRONMENT | home)


def _in_namespaces(
    request: Request, folder: str, bwrap: str, *, uid: int | None, parent: int
) -> None:
    """Not as root even outside: a limit on processes does not bind root."""
    os.chdir(folder)
    if uid is not None:
        rights.become(uid)
    rights.die_with(parent)
    filter_, filter_in = os.pipe()
    os.write(filter_in, seccomp.nothing_grave())
    os.close(filter_in)
    os.set_inheritable(filter_, True)
    os.execve(bwrap, [bwrap, *_options(request, filter_)], {})


def _options(request: Request, filter_: int) -> list[str]:
    size = str(request.file_bytes)
    programs = [path for path in rights.PROGRAMS if path.count("/") == 1]
    links = [part for path in programs if os.path.islink(path) for part in _link(path)]
    folders = [p for p in programs if os.path.isdir(p) and not os.path.islink(p)]
    bound = [part for path in folders for part in ("--ro-bind", path, path)]
    environment = ENVIRONMENT | {"HOME": "/work", "TMPDIR": "/work"}
    return [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"),
        *("--new-session", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--clearenv"),
        *(part for name, value in environment.items() for part in ("--setenv", name, value)),
        *bound,
        *links,
        *("--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", "/dev/shm"),
        *("--remount-ro", "/dev", "--remount-ro", "/dev/shm"),
        *("--size", size, "--tmpfs", "/work", "--chdir", "/work", "--remount-ro", "/"),
        *("--seccomp", str(filter_), SHELL, "-c", request.code),
    ]


def _link(path: str) -> tuple[str, str, str]:
    return ("--symlink", os.readlink(path), path)
