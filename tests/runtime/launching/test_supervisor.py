"""Real processes, watched: their end, their orphans, their grace."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from mrlc.runtime.launching.children import Child
from mrlc.runtime.launching.supervisor import StopAsked, adopt_orphans, reap, supervise

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
FORKS = "import os, time\nif os.fork() == 0:\n    if os.fork() == 0: {then}\n    os._exit(0)\n"


def child(tmp_path: Path, code: str, name: str = "trainer 0") -> Child:
    return Child(name, (sys.executable, "-c", code), dict(os.environ), tmp_path / name)


def after(stop: StopAsked, seconds: float) -> object:
    began = time.monotonic()
    return lambda: stop.ask() if time.monotonic() - began > seconds else None


def watch(*children: Child, stop: StopAsked | None = None, **given: object) -> object:
    failure = supervise(
        children,
        stop or StopAsked(),
        host="algo-1",
        **{"grace_s": 30.0, **given},  # type: ignore[arg-type]
    )
    return failure and (failure.message, failure.code)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pass", None),
        (
            "import os; os._exit(7)",
            ("host algo-1: trainer 0 ended with exit code 7; its log says why", 7),
        ),
        ("import os; os.abort()", ("host algo-1: trainer 0 died of SIGABRT", 1)),
        (
            "import os; os.kill(os.getpid(), 9)",
            ("host algo-1: trainer 0 was killed; most often the memory was full", 1),
        ),
    ],
)
def test_the_end_of_a_trainer(tmp_path: Path, code: str, expected: object) -> None:
    assert watch(child(tmp_path, code)) == expected


def test_the_message_of_the_one_to_blame_counts_and_the_others_end(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("your mistake")
    began = time.monotonic()
    bad = child(tmp_path, "import os; os._exit(1)", "bad")
    lost = child(tmp_path, "import os; os._exit(75)", "lost")
    waits = child(tmp_path, DEAF + "time.sleep(60)", "waits")
    assert watch(lost, bad, waits) == ("your mistake", 1)
    assert time.monotonic() - began < 30


def test_a_stop_waits_for_the_grace_and_no_longer(tmp_path: Path) -> None:
    stop, began = StopAsked(), time.monotonic()
    deaf = child(tmp_path, DEAF + "time.sleep(60)")
    assert watch(deaf, stop=stop, grace_s=1.0, beat=after(stop, 0.5)) is None
    assert 1 < time.monotonic() - began < 30


def test_orphans_are_reaped_and_end_with_their_trainer(tmp_path: Path) -> None:
    adopt_orphans()
    mark = tmp_path / "pid"
    then = f"open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60); os._exit(0)"
    waits = (
        f"while not (os.path.exists({str(mark)!r}) and open({str(mark)!r}).read()): time.sleep(.01)"
    )
    assert watch(child(tmp_path, FORKS.format(then=then) + waits)) is None
    orphan, until = int(mark.read_text()), time.monotonic() + 5
    while Path(f"/proc/{orphan}").exists() and time.monotonic() < until:
        reap()
        time.sleep(0.01)
    assert not Path(f"/proc/{orphan}").exists()
