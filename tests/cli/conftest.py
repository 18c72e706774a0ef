"""The command line as a user has it: a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.children import environment

Mrlc = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def mrlc(tmp_path: Path) -> Mrlc:
    """Run `mrlc` with arguments, in a folder."""

    def run(
        *arguments: object, cwd: Path = tmp_path, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        given = environment()
        given.pop("GITHUB_ACTIONS", None)  # it changes the default format
        command = [sys.executable, "-m", "mrlc", *map(str, arguments)]
        return subprocess.run(
            command, check=False, cwd=cwd, env=given | (env or {}), capture_output=True, text=True
        )

    return run
