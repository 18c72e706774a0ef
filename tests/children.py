"""Processes that a test starts: they run the code under test, wherever this one has it from."""

from __future__ import annotations

import os
import subprocess
import sys


def environment(**more: str) -> dict[str, str]:
    """This process's own, with what it can import, and `more`."""
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, "PYTHONPATH": paths, **more}


def loaded(*arguments: object) -> set[str]:
    """Top-level modules that an `mrlc` command has loaded when it ends."""
    program = (
        "import sys; from mrlc.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print('\\n' + ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())
