"""Ends what a server started and removes its folder, when the server ends in whatever way.

A process of its own, so that SIGKILL of the server leaves nothing either: it waits for the end
of its standard input, which the server holds open.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def guarded_folder() -> Iterator[Path]:
    """A new folder; it is gone afterwards, and so is every process of a host below it."""
    folder = Path(tempfile.mkdtemp(prefix="mrlc-sagemaker-")).resolve()
    guardian = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in a terminal is for the server
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    try:
        yield folder
    finally:
        guardian.communicate()


def main(folder: Path) -> None:
    """Wait for the end of the server, then clean up."""
    from mrlc.runtime.sagemaker.local.host import end_processes

    sys.stdin.read()
    end_processes(folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
