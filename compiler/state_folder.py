"""The folder that an episode's folder begins as: every file of it is an input of the plan.

Hidden files are left out, as systems strew them. A symbolic link is refused, wherever it
leads: a copy of what it leads to on one machine is not what it leads to on the next.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mrlc.schemas.state import MAX_BYTES, MAX_FILES, path_fault

EMPTY = "empty"


class BadFolder(Exception):
    """The folder cannot be carried; the message says why."""


def files_of(folder: Path) -> list[Path]:
    """The files in a folder and below it, in order of their paths.

    Raises:
        BadFolder: there are none, too many, too large ones, or what is no plain file.
    """
    if not folder.is_dir():
        raise BadFolder("is not a folder")
    if folder.is_symlink():
        raise BadFolder("is a symbolic link")
    found: list[Path] = []
    size = 0
    for path in _walk(folder):
        inner = path.relative_to(folder).as_posix()
        if (reason := path_fault(inner)) is not None:
            raise BadFolder(f"has a file whose path {reason}")
        found.append(path)
        size += path.stat().st_size
        if len(found) > MAX_FILES:
            raise BadFolder(f"has more than {MAX_FILES} files")
        if size > MAX_BYTES:
            raise BadFolder(f"has more than {MAX_BYTES:,} bytes")
    if not found:
        raise BadFolder("has no files")
    return sorted(found)


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise BadFolder(f"cannot be read: {(error.strerror or '').lower()}") from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            raise BadFolder(f"has a symbolic link, `{entry.name}`")
        if entry.is_dir():
            yield from _walk(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)
        else:
            raise BadFolder(f"has `{entry.name}`, which is no file")
