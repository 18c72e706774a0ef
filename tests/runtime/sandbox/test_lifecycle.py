"""Nothing outlives a process that used sandboxes, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.children import environment

from .conftest import Open

USE = """
import sys, time
from mrlc.runtime.sandbox.tiers import open_engine
from mrlc.schemas.execute import Execute
for isolation in ("interpreter", "process"):
    engine = open_engine(Execute(language="python", isolation=isolation, timeout_s=20), path="x")
    assert engine.run("6 * 7", seed=1).text == "42"
print("ready", flush=True)
if "busy" in sys.argv:
    engine.run("import time\\ntime.sleep(20)", seed=1)
if "crash" in sys.argv:
    raise SystemExit(3)
"""


def processes(marker: str) -> list[str]:
    """Live processes with this in their environment or command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and marker.encode() in (
                (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            ):
                found.append((entry / "comm").read_text())
        except OSError:
            continue
    return found


@pytest.mark.parametrize("how", ["done", "crash", "busy"])
def test_nothing_is_left(engine: Open, tmp_path: Path, how: str) -> None:
    engine("python-process")  # skips where it does not hold
    tmp_path.chmod(0o755)
    marker = f"mrlc-lifecycle-{os.getpid()}-{how}"
    own = tmp_path / marker
    own.mkdir(mode=0o755)
    command = [sys.executable, "-c", USE, how]
    env = environment(TMPDIR=str(own))
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    if how == "busy":
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
    assert process.wait(20) == {"done": 0, "crash": 3, "busy": -9}[how]
    process.stdout.close()
    until = time.monotonic() + 5
    while time.monotonic() < until and (processes(marker) or os.listdir(own)):
        time.sleep(0.05)
    assert processes(marker) == []
    assert os.listdir(own) == []
