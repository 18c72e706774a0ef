"""The files that an episode's folder begins with: read once, written for each episode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mrlc.runtime.environment.workspace import new_folder, remove
from mrlc.runtime.errors import PlanFault

EMPTY = "empty"


@dataclass(frozen=True)
class SeedFolder:
    """A folder as an episode finds it."""

    files: Mapping[str, bytes]
    """By path inside the folder."""

    @classmethod
    def load(cls, folder: str, inputs: Path, *, path: str) -> SeedFolder:
        """Read the files of a plan's folder, hidden ones left out; `path` is in the spec.

        Raises:
            PlanFault: a file cannot be read.
        """
        if folder == EMPTY:
            return cls({})
        root = inputs / folder
        inner = [file.relative_to(root) for file in sorted(root.rglob("*")) if file.is_file()]
        shown = [one for one in inner if not any(part.startswith(".") for part in one.parts)]
        try:
            return cls({one.as_posix(): (root / one).read_bytes() for one in shown})
        except OSError as error:
            raise PlanFault(path, f"{folder} cannot be read: {error}") from error

    def open(self) -> Path:
        """A private copy for one episode, which removes it."""
        folder = new_folder()
        try:
            for name, content in self.files.items():
                file = folder / name
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                file.write_bytes(content)
        except BaseException:
            remove(folder)
            raise
        return folder
