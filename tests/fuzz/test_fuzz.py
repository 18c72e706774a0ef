"""Whatever stands in the files: exit code 0 or 1, no traceback, no hang, bounded memory.

A case that breaks a rule is printed with its seed; `python -m tests.fuzz SEED 1` brings it back.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.children import environment
from tests.fuzz.__main__ import MEMORY_MB, SPEC, case
from tests.fuzz.mutate import MUTATIONS

# Each brought a traceback or a hang once: a path longer than a file name may be, a Python file
# nested deeper than the parser's stack, a data file or a spec with a fault in each of 40,000 lines, a
# weight that is no number in a component whose kind is the name of one of its keys.
ONCE_BROKEN: tuple[int, ...] = (222, 1504, 2087, 876, 4214, 13355, 114888, 200115, 202204)


def fuzz(seed: int, count: int, *, timeout: float) -> dict[str, Any]:
    """The report of a run in a process of its own, whose memory is limited."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", str(seed), str(count)],
        check=True,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment(),
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def check(report: dict[str, Any], count: int) -> None:
    assert report["broken"] == []
    assert sum(report["codes"].values()) == count
    assert report["codes"].keys() <= {"0", "1"}
    assert report["peak_mb"] < MEMORY_MB


def test_some_mutations():
    check(fuzz(1, 250, timeout=200), 250)


@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_once_broken(seed):
    check(fuzz(seed, 1, timeout=60), 1)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_twenty_thousand_mutations():
    report = fuzz(1, 20_000, timeout=7200)
    print(report)
    check(report, 20_000)


def test_cases_are_the_same_each_time():
    assert [case(seed) for seed in range(20)] == [case(seed) for seed in range(20)]


def test_cases_reach_every_file_and_mutation():
    names = {case(seed)[0] for seed in range(300)}
    assert SPEC in names
    assert len(names) > 6
    assert len(set(MUTATIONS)) > 12
