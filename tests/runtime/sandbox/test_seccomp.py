"""The filters of system calls, each on a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mrlc.runtime.sandbox.native import seccomp

TRIED = """
import os, sys
from mrlc.runtime.sandbox.native import seccomp
path = sys.argv[1]
file = os.open(path, os.O_RDWR)
seccomp.install(seccomp.{filter}())
def fails(function, *arguments):
    try:
        function(*arguments)
    except PermissionError:
        return True
for name, arguments in {{
    "utime": (path, None), "utime ": (path, (1, 1)), "utime  ": (file, (1, 1)),
    "chmod": (path, 0o600), "fchmod": (file, 0o600), "setxattr": (path, "user.x", b"x"),
}}.items():
    if fails(getattr(os, name.strip()), *arguments):
        print(name)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
@pytest.mark.parametrize(
    ("filter_", "refused"),
    [
        # A shell has a user of its own, who owns nothing outside: it may change modes.
        (seccomp.nothing_grave, ["utime", "utime ", "setxattr"]),
        (seccomp.only_calm, ["utime", "utime ", "chmod", "setxattr"]),
    ],
)
def test_what_no_landlock_stops(tmp_path: Path, filter_: object, refused: list[str]) -> None:
    """Times, modes and extended attributes of a file are changed by its path alone."""
    file = tmp_path / "file"
    file.touch()
    code = TRIED.format(filter=filter_.__name__)  # type: ignore[attr-defined]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == refused
