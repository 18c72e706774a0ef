"""What an episode may change: a database or a folder, its own and private.

A path in a folder is relative, with forward slashes, and plain: `notes/day-1.txt`. The limits
hold for the files that an episode begins with and for those that its tools write.
"""

from __future__ import annotations

from pydantic import model_validator

from mrlc.schemas.section import FolderOrEmpty, Section, SqlFile

MAX_FILES = 256
MAX_BYTES = 1 << 20
"""Of all files of a folder together."""
MAX_DEPTH = 8
"""Names in a path."""
MAX_NAME = 100
"""Bytes of one name; a file system takes 255, and fewer with its own endings."""


class State(Section):
    """State of one episode, made afresh from its seed and thrown away at the end."""

    sqlite: SqlFile | None = None
    """Statements that build the database."""
    folder: FolderOrEmpty | None = None
    """A folder whose files an episode begins with, hidden ones left out; or `empty`."""

    @model_validator(mode="after")
    def _one_kind(self) -> State:
        if (self.sqlite is None) == (self.folder is None):
            raise ValueError("give exactly one of `sqlite` and `folder`")
        return self


def path_fault(path: str) -> str | None:
    """Why a text is not the path of a file in a folder, or None."""
    names = path.split("/")
    if not path.isprintable() or "\\" in path:
        return "has a character that no path here may have"
    if path.startswith("/"):
        return "is absolute"
    if any(name in ("", ".", "..") for name in names):
        return "is not a plain path like notes/day-1.txt"
    if len(names) > MAX_DEPTH:
        return f"is more than {MAX_DEPTH} names deep"
    if any(len(name.encode()) > MAX_NAME for name in names):
        return f"has a name of more than {MAX_NAME} bytes"
    return None
