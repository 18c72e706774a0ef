"""A folder of one episode: text files, at paths that a model makes up.

A path is checked as text, then walked name by name from the folder's own descriptor without
following a link, so that it leads to a plain file inside or nowhere. Folders inside come with
their first file and go with their last. Whatever the model is to blame for is the tool's own error.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mrlc.runtime.environment.errors import ToolError
from mrlc.runtime.json_values import quote
from mrlc.schemas.state import MAX_BYTES, MAX_FILES, path_fault

_INTO = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe that the user's code has left there would block an open for ever.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_IN_THE_WAY = (errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ELOOP)


class Folder:
    """The text files below a path that belongs to one episode."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> str:
        """The text of a file.

        Raises:
            ToolError: there is no such file, or it is no text.
        """
        try:
            with self._opened(name, os.O_RDONLY) as file:
                return file.read(MAX_BYTES).decode()
        except UnicodeDecodeError:
            raise ToolError(f"{quote(name)} is not a text file") from None
        except OSError as error:
            raise _no_such_file(name) from error

    def write(self, name: str, text: str) -> int:
        """Make or replace a file; the bytes written.

        Raises:
            ToolError: the path or the text is not allowed, or there is no room.
        """
        try:
            content = text.encode()
        except UnicodeEncodeError:
            raise ToolError("the text holds half a character") from None
        _check(name)
        self._check_room(name, len(content))
        try:
            with self._opened(name, os.O_RDWR | os.O_CREAT) as file:
                file.truncate(0)
                file.write(content)
        except OSError as error:
            if error.errno not in _IN_THE_WAY:
                raise
            raise ToolError(f"{quote(name)} is in the way of a folder or a file") from error
        return len(content)

    def delete(self, name: str) -> None:
        """Remove a file, and the folders that are empty without it.

        Raises:
            ToolError: there is no such file.
        """
        _check(name)
        if name not in self.files():
            raise _no_such_file(name)
        with self._parent(name) as (parent, last):
            os.unlink(last, dir_fd=parent)
        for above in list(Path(name).parents)[:-1]:
            try:
                (self.path / above).rmdir()
            except OSError:  # not empty: neither are those above
                return

    def files(self) -> dict[str, int]:
        """Path → bytes of every plain file, in order of the paths; links do not count."""
        found = {}
        for root, _, names in os.walk(self.path):
            for name in names:
                path = os.path.join(root, name)
                status = os.lstat(path)
                if stat.S_ISREG(status.st_mode):
                    found[os.path.relpath(path, self.path)] = status.st_size
        return dict(sorted(found.items()))

    def _check_room(self, name: str, size: int) -> None:
        files = {**self.files(), name: size}
        if len(files) > MAX_FILES:
            raise ToolError(f"the folder is full: it holds {MAX_FILES} files")
        if sum(files.values()) > MAX_BYTES:
            raise ToolError(f"the folder is full: it holds {MAX_BYTES:,} bytes")

    @contextmanager
    def _opened(self, name: str, flags: int) -> Iterator[BinaryIO]:
        """A plain file, and nothing else that may have the name."""
        is_new = bool(flags & os.O_CREAT)
        with self._parent(name, make=is_new) as (parent, last):
            descriptor = os.open(last, flags | _FILE, 0o600, dir_fd=parent)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(errno.EISDIR, "not a plain file")
            with open(descriptor, "r+b" if is_new else "rb", closefd=False) as file:
                yield file
        finally:
            os.close(descriptor)

    @contextmanager
    def _parent(self, name: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """A descriptor of the folder that a file lies in, and the file's own name."""
        _check(name)
        *above, last = name.split("/")
        here = os.open(self.path, _INTO)
        try:
            for one in above:
                if make:
                    _make(one, here)
                below = os.open(one, _INTO, dir_fd=here)
                os.close(here)
                here = below
            yield here, last
        finally:
            os.close(here)


def _check(name: str) -> None:
    if (reason := path_fault(name)) is not None:
        raise ToolError(f"the path {quote(name)} {reason}")


def _no_such_file(name: str) -> ToolError:
    return ToolError(f"there is no file {quote(name)}")


def _make(name: str, parent: int) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=parent)
