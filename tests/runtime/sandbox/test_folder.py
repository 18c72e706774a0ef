from __future__ import annotations

import os
from pathlib import Path

from mrlc.runtime.sandbox.native.folder import MAX_ENTRIES, clear, is_over


def test_a_folder_deeper_than_a_path_is_over_and_can_be_emptied(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    folder = tmp_path / "call"
    folder.mkdir()
    before = os.getcwd()
    os.chdir(folder)
    try:
        for _ in range(600):
            os.mkdir("a" * 20)
            os.symlink(outside, "link")
            Path("file").write_text("x")
            os.chdir("a" * 20)
    finally:
        os.chdir(before)
    assert is_over(str(folder), 10**9)
    clear(str(folder))
    assert os.listdir(folder) == []
    assert (outside / "kept").read_text() == "x"


def test_what_is_over(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 100_000)
    assert not is_over(str(tmp_path), 1_000_000)
    assert is_over(str(tmp_path), 50_000)
    for number in range(MAX_ENTRIES):
        (tmp_path / str(number)).touch()
    assert is_over(str(tmp_path), 10**9)
