"""Every attack, in every tier that holds on this machine, by real code in real processes."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mrlc.runtime.sandbox.arithmetic import Arithmetic
from mrlc.runtime.sandbox.outcome import Outcome

from .attacks import ARITHMETIC, PYTHON, SHELL, Attack
from .conftest import Open, children

CASES = {"python-interpreter": PYTHON, "python-process": PYTHON}
CASES |= {"shell-process": SHELL, "shell-namespaces": SHELL}
LIMITS = {"timeout_s": 0.6, "memory_mb": 64, "output_bytes": 2000}


@pytest.fixture(scope="module")
def others() -> set[int]:
    """Children that other tests have left here."""
    return children()


@pytest.fixture(scope="module", params=CASES)
def answered(
    request: pytest.FixtureRequest, engine: Open, others: set[int]
) -> list[tuple[Attack, Outcome]]:
    """All attacks of a tier with their outcomes, several at a time, as episodes come."""
    tested = engine(request.param, **LIMITS)
    other = Path(os.path.abspath(__file__)).parent
    os.environ["MRLC_TEST_SECRET"] = "s3cr3t"
    attacks = [a._replace(code=a.code.replace("$OTHER", str(other))) for a in CASES[request.param]]
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda one: tested.run(one.code, seed=1), attacks))
    del os.environ["MRLC_TEST_SECRET"]
    assert tested.run("1+1" if "python" in request.param else "echo 2", seed=1).text == "2"
    return list(zip(attacks, outcomes, strict=True))


def test_nothing_gets_in(answered: list[tuple[Attack, Outcome]]) -> None:
    assert [attack.name for attack, outcome in answered if "GOT IN" in outcome.text] == []


def test_each_ends_as_it_must(answered: list[tuple[Attack, Outcome]]) -> None:
    odd = [(a.name, o) for a, o in answered if o.state not in a.states]
    assert odd == []


def test_what_is_told_is_short_and_clean(answered: list[tuple[Attack, Outcome]]) -> None:
    for attack, outcome in answered:
        assert len(outcome.text.encode()) < 3000, attack.name
        assert not set(outcome.text) & set("\0\x1b"), attack.name


def test_nothing_runs_on(answered: list[tuple[Attack, Outcome]], others: set[int]) -> None:
    names = {Path(f"/proc/{pid}/comm").read_text().strip() for pid in children() - others}
    assert not names & {"sleep", "yes", "sh", "bwrap", "head"}
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/usr"):
        assert not Path(folder, "mrlc-attack").exists()


@pytest.mark.parametrize("code", ARITHMETIC, ids=lambda code: ascii(code[:20]))
def test_arithmetic(code: str) -> None:
    outcome = Arithmetic().run(code, seed=1)
    assert len(outcome.text) < 2000
    assert outcome.state == "tool_error" or code in ("10**4000", "2**-9**9**9", "#", "None")


@pytest.mark.parametrize("tier", CASES)
def test_nothing_outside_is_touched(tier: str, engine: Open) -> None:
    """Not its times either, though it is open to everybody."""
    file = Path(tempfile.mkdtemp()) / "file"
    file.write_text("x")
    for path, mode in ((file.parent, 0o777), (file, 0o666)):
        path.chmod(mode)
    os.utime(file, (1, 1))
    before = file.stat()
    commands = [f"touch {file}", f"touch -d 2001-01-01 {file}", f"chmod 600 {file}"]
    if "python" in tier:
        calls = ["utime(F)", "utime(F, (1, 1))", "chmod(F, 0o600)", "truncate(F, 0)", "unlink(F)"]
        commands = [f"import os\nF = {str(file)!r}\nos.{call}" for call in calls]
    for command in commands:
        engine(tier, **LIMITS).run(command, seed=1)
    assert file.stat() == before
