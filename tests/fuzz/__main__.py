"""Fuzz the command line in this process: `python -m tests.fuzz SEED COUNT`.

Each case mutates one file of a small project and checks the project. It may end with exit code
0 or 1, in `CASE_S` seconds, without a word of a traceback, and the process may never need more
than `MEMORY_MB`. Prints one JSON line: how the cases ended, the slowest, the memory at its peak,
and each case that broke a rule, by the seed that brings it back.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from mrlc.cli import main
from tests.conftest import FILES
from tests.fuzz.mutate import MUTATIONS

CASE_S = 20
"""Wall-clock seconds; a case takes milliseconds, but a machine may be busy."""
MEMORY_MB = 500
SPEC = "specs/desk.yaml"


class Hang(BaseException):
    """A case took too long; no handler of ours may swallow it."""


def fuzz(seed: int, count: int) -> dict[str, Any]:
    """Run the cases `seed`, `seed + 1`, …; they do not depend on one another."""
    codes: Counter[str] = Counter()
    broken, slowest = list[dict[str, Any]](), (0.0, 0)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "project"
        for name, text in FILES.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        os.chdir(root)
        for number in range(seed, seed + count):
            start = time.monotonic()
            code, said = run_case(root, number)
            slowest = max(slowest, (round(time.monotonic() - start, 2), number))
            codes[str(code)] += 1
            if code not in (0, 1) or "Traceback" in said:
                broken.append({"seed": number, "code": code, "said": said[-2000:]})
    return {"codes": dict(codes), "slowest": slowest, "peak_mb": peak_mb(), "broken": broken}


def peak_mb() -> int:
    """The most memory this process has held; `ru_maxrss` would count the parent's before exec."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def run_case(root: Path, number: int) -> tuple[int | str, str]:
    """One case: the exit code or the name of what escaped, and all that was printed."""
    name, content, arguments = case(number)
    (root / name).write_bytes(content)
    out = io.StringIO()
    signal.setitimer(signal.ITIMER_REAL, CASE_S)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code: int | str = main(arguments)
    except (Hang, Exception) as error:  # noqa: BLE001 -- whatever escapes is the finding
        code = repr(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for changed in (name, SPEC):  # the case's file, and what a fix may have written
            (root / changed).write_text(FILES[changed])
    return code, out.getvalue()


def case(number: int) -> tuple[str, bytes, list[str]]:
    """A file, its mutated content, and the command to give."""
    random = Random(number)
    name = SPEC if random.random() < 0.75 else random.choice(sorted(FILES)[1:])
    text = FILES[name]
    for _ in range(random.choice([1, 1, 2, 3])):
        text = random.choice(MUTATIONS)(random, text)
    content = text.encode("utf-8", "surrogatepass")
    if random.random() < 0.05:
        at = random.randrange(len(content) + 1)
        content = content[:at] + random.randbytes(random.choice([1, 4, 400])) + content[at:]
    form = random.choice(["human", "concise", "json", "sarif", "github", "markdown"])
    fix = random.choice([[], [], ["--fix"], ["--fix", "--unsafe"]])
    return name, content, ["check", SPEC, "-f", form, *fix]


def _hang(signum: int, frame: FrameType | None) -> None:
    raise Hang


if __name__ == "__main__":
    signal.signal(signal.SIGALRM, _hang)
    limit = MEMORY_MB << 20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    print(json.dumps(fuzz(int(sys.argv[1]), int(sys.argv[2]))))
