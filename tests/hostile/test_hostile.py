"""Whatever a model writes and calls: no crash, nothing left behind, nothing outside touched.

A batch that breaks a rule is printed with its seed; `python -m tests.hostile SEED 1` brings it back.
"""

from __future__ import annotations

import json
import subprocess
import sys
from random import Random
from typing import Any

import pytest

from tests.children import environment
from tests.hostile.__main__ import BREAKS, run
from tests.hostile.turns import KINDS, VALID, turn

ENDINGS = {"answered", "invalid_answer", "turn_tokens", "finished", "no_action"}
"""Causes that any few hundred turns come to; a broken environment is met by chance."""


def check(report: dict[str, Any], count: int) -> None:
    assert report["broken"] == []
    assert report["calls"] + report["outputs"] >= count
    assert report["environment_errors"].keys() <= BREAKS
    assert report["causes"].keys() - {"environment_error"} <= ENDINGS | {"turns"}


def test_some_turns() -> None:
    check(run(1, 400), 400)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_thousand_calls_and_turns() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile", "1", "10000"],
        check=True,
        capture_output=True,
        text=True,
        timeout=1200,
        env=environment(),
    )
    report = json.loads(done.stdout)
    print(report)
    check(report, 10_000)
    assert report["causes"].keys() >= ENDINGS
    assert report["tools"].keys() >= VALID.keys() - BREAKS - set(report["missing"])
    assert report["kinds"].keys() == {kind.__name__ for kind in KINDS}


def test_turns_are_the_same_each_time() -> None:
    def some() -> list[Any]:
        random = Random(1)
        return [turn(random, list(VALID), "/nowhere") for _ in range(50)]

    assert some() == some()
