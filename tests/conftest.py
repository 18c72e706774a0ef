"""A whole small project on disk, for tests that compile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from mrlc.compiler.example import FILES

_MARK = re.compile("«(.*?)»", re.DOTALL)


@dataclass(frozen=True)
class Project:
    """A folder with a spec that compiles, and all that the spec names."""

    root: Path

    @property
    def spec(self) -> Path:
        return self.root / "specs" / "desk.yaml"

    def write(self, name: str, text: str) -> Path:
        """Write a file below the root."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the one place where `old` stands in a file."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def unmark(self) -> tuple[str, int, int, int, int]:
        """Take the marks «…» out of the one file that has them; the span they stood around."""
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and "«" in (text := path.read_bytes().decode("utf-8", "replace")):
                marked = _MARK.search(text)
                assert marked is not None
                self.write(str(path), _MARK.sub(r"\1", text))
                start = _position(text[: marked.start()])
                return (str(path), *start, *_position(text[: marked.start()] + marked.group(1)))
        raise AssertionError("no file has «marks»")


def _position(before: str) -> tuple[int, int]:
    lines = before.split("\n")
    return len(lines), len(lines[-1]) + 1


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh project."""
    made = Project(tmp_path.resolve() / "project")
    for name, text in FILES.items():
        made.write(name, text)
    return made
