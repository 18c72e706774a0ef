"""Scripts played in a process of their own, with a given PYTHONHASHSEED.

    python -m mrlc.runtime.gates.fresh PLAN TIMES < scripts.json > transcripts.json

What a user's module keeps in a global is then as new, and an order that comes of a set or of
`hash()` is another one than in a process with another seed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from mrlc.runtime.gates.scripts import Script, script_of
from mrlc.runtime.gates.transcripts import Transcript, transcript
from mrlc.runtime.gates.world import World
from mrlc.schemas import Plan

TIMEOUT_S = 300


class Died(Exception):
    """The process ended without its transcripts; the message is the last that it said."""


def played_afresh(
    folder: Path, scripts: Sequence[Script], *, hash_seed: int, times: int = 1
) -> list[list[Transcript]]:
    """The transcripts of all scripts, once for each time.

    Raises:
        Died: a tool took the process down, or it does not come to an end.
    """
    command = [sys.executable, "-m", __name__, str(folder), str(times)]
    path = os.pathsep.join(part for part in sys.path if part)
    # Files and not pipes: a process that a tool leaves behind would keep a pipe open.
    with TemporaryFile("w+") as said, TemporaryFile("w+") as told, TemporaryFile("w+") as errors:
        json.dump([script.as_json() for script in scripts], said)
        said.seek(0)
        process = subprocess.Popen(
            command,
            stdin=said,
            stdout=told,
            stderr=errors,
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": path},
            start_new_session=True,
        )
        _finished(process, errors)
        told.seek(0)
        found: list[list[Transcript]] = json.loads(told.read().splitlines()[-1])
    return found


def _finished(process: subprocess.Popen[bytes], errors: IO[str]) -> None:
    """Wait for the process, and end with it whatever its tools have left running."""
    try:
        code = process.wait(TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Died(f"it took longer than {TIMEOUT_S} s") from None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code != 0:
        errors.seek(0)
        last = errors.read().strip().splitlines()[-1:] or [f"exit code {code}"]
        raise Died(last[0][:200])


def main(folder: Path, times: int) -> None:
    """Play what standard input says."""
    plan = Plan.model_validate_json((folder / "plan.json").read_bytes())
    world = World.load(plan.experiment, folder / "inputs")
    scripts = [script_of(one, world.tasks) for one in json.load(sys.stdin)]
    played = [[transcript(world.solo(one)) for one in scripts] for _ in range(times)]
    print(f"\n{json.dumps(played)}")  # after whatever the tools have printed


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
