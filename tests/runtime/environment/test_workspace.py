"""Workspaces go with their process; those of killed processes are swept, live ones never."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mrlc.runtime.environment import workspace

CODE = """
import sys
sys.path.append(sys.argv[1])  # the module alone: the package would load in a second
from workspace import new_folder
folder = new_folder()
(folder / "file").write_text("x")
print(folder, flush=True)
sys.stdin.readline()
"""


def start(temporary: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that has a folder, and its workspace."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, str(Path(workspace.__file__).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip()).parent


def test_dead_workspaces_are_swept_and_live_ones_are_not(tmp_path: Path) -> None:
    killed, left_behind = start(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert left_behind.exists()
    living, alive = start(tmp_path)
    half_made = left_behind.parent / "w-half"
    half_made.mkdir()
    last, its_own = start(tmp_path)
    assert not left_behind.exists()
    assert not half_made.exists()
    assert alive.exists()
    for process in (living, last):
        process.communicate("\n")
        assert process.returncode == 0
    assert not alive.exists()
    assert not its_own.exists()
    assert os.listdir(left_behind.parent) == ["door"]


@pytest.mark.parametrize("kind", ["link", "open to all", "file"])
def test_a_folder_that_somebody_else_put_there_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    trap, place = tmp_path / "trap", tmp_path / f"mrlc-{os.geteuid()}"
    trap.mkdir(mode=0o700)
    if kind == "link":
        place.symlink_to(trap)
    elif kind == "file":
        place.write_text("")
    else:
        place.mkdir()
        place.chmod(0o777)
    base = workspace._base()
    assert base != place
    assert base.stat().st_mode & 0o077 == 0
    assert os.listdir(trap) == []


def test_a_workspace_that_was_cleaned_away_is_made_anew() -> None:
    """A run may outlast what cleans up old temporary files."""
    first = workspace.new_folder()
    workspace.remove(first.parent)
    second = workspace.new_folder()
    assert second.is_dir()
    assert second.parent != first.parent
    workspace.remove(second)
