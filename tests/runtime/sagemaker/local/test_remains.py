"""Nothing is left of the servers, however they end."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.children import environment

if TYPE_CHECKING:
    from .conftest import Desk


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("mrlc-sagemaker-*"))


def processes(text: str) -> list[int]:
    """Those whose command line holds a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def gone(text: str, before: set[Path]) -> bool:
    end = monotonic() + 20
    while monotonic() < end:
        if not processes(text) and folders() <= before:
            return True
        sleep(0.05)
    return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left(desk: Desk, how: signal.Signals) -> None:
    script = f"setsid sleep 41{how.value} & sleep 41{how.value}"
    mark = f"sleep\0{41}{how.value}"
    before = folders()
    server = subprocess.Popen(
        [sys.executable, "-m", "mrlc", "local-sagemaker", "--bucket", "my-team"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )
    try:
        assert server.stdout is not None
        said: dict[str, str] = {}
        while "AWS_DEFAULT_REGION" not in said:
            name, _, value = server.stdout.readline().removeprefix("export ").partition("=")
            said[name] = value.strip()
        sagemaker = boto3.client(
            "sagemaker",
            region_name=said["AWS_DEFAULT_REGION"],
            endpoint_url=said["AWS_ENDPOINT_URL_SAGEMAKER"],
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        sagemaker.create_training_job(**desk.request("stays", script))
        end = monotonic() + 10
        while len(processes(mark)) < 2 and monotonic() < end:
            sleep(0.02)
        assert len(processes(mark)) == 2
    finally:
        server.send_signal(how)
        code = server.wait(timeout=20)
    assert code == (-how if how is signal.SIGKILL else 0)
    assert gone(mark, before)
