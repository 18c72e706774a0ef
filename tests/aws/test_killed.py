"""Killed after each request in turn and run again: one job, one set of alarms, nothing left over."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import children
from tests.aws.conftest import Desk, environment
from tests.aws.proxy import Proxy, Request
from tests.aws.test_submit import STEPS, everything, sources


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1))
def test_killed_after_a_step_and_run_again(
    desk: Desk, proxy: Proxy, tmp_path: Path, step: int
) -> None:
    """The service has done it, and mrlc is killed before it hears so."""
    victim = start(desk, proxy, tmp_path)

    def kill(_: Request) -> None:
        if len(proxy.asked) == step:
            victim.send_signal(signal.SIGKILL)
            victim.wait()

    proxy.after = kill
    victim.communicate()
    assert victim.returncode == -signal.SIGKILL
    assert proxy.operations == STEPS[:step]
    proxy.after = lambda _: None
    assert desk.submit() == 0
    assert desk.there() == everything(desk)
    assert proxy.operations.count("sagemaker:CreateTrainingJob") == 1
    assert len(sources(proxy)) == 1
    assert [path.name for path in (desk.runs / desk.name).iterdir()] == ["job.json"]


def start(desk: Desk, proxy: Proxy, home: Path) -> subprocess.Popen[str]:
    """`mrlc submit` as a process."""
    command = [sys.executable, "-m", "mrlc", "submit", str(desk.folder), "--yes"]
    return subprocess.Popen(
        [*command, "--runs", str(desk.runs)],
        env=children.environment(**environment(proxy, home)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
