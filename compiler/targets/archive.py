"""source.tar.gz: what the container runs, the same bytes for the same content everywhere.

    mrlc/                the runtime and the schemas
    plan/inputs/…        what a plan reads, data and the user's code

The plan itself is not in it, so that the variants of a sweep share one. Names are sorted; there is no time, no owner and no mode but 644. The gzip stream holds its data
as they are: compressors differ between builds of zlib, and one byte would be another job.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

PACKAGES = ("runtime", "schemas")
_BLOCK = 65_535
"""The most that a stored block holds."""
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Deflate, no name, no time, no system."""


class StoredGzip(io.RawIOBase):
    """A gzip stream that stores; it counts and digests what it writes."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self.out = out
        self.digest, self.size = hashlib.sha256(), 0
        self._crc, self._length, self._rest = 0, 0, b""
        self._put(_HEADER)

    def write(self, data: Buffer) -> int:
        """Append data."""
        data = bytes(data)
        self._crc = zlib.crc32(data, self._crc)
        self._length += len(data)
        self._rest += data
        while len(self._rest) > _BLOCK:
            self._block(self._rest[:_BLOCK], is_last=False)
            self._rest = self._rest[_BLOCK:]
        return len(data)

    def finish(self) -> None:
        """Write what is left, and the trailer."""
        self._block(self._rest, is_last=True)
        self._put(self._crc.to_bytes(4, "little"))
        self._put((self._length % 2**32).to_bytes(4, "little"))

    def _block(self, data: bytes, *, is_last: bool) -> None:
        size = len(data)
        self._put(bytes([is_last]) + size.to_bytes(2, "little"))
        self._put((size ^ 0xFFFF).to_bytes(2, "little") + data)

    def _put(self, data: bytes) -> None:
        self.out.write(data)
        self.digest.update(data)
        self.size += len(data)


def write_source(out: BinaryIO, inputs: Mapping[str, Path]) -> tuple[str, int]:
    """Write the archive for a plan's inputs, by key; its SHA-256 and size."""
    members: dict[str, bytes | Path] = {
        **runtime_files(),
        **{f"plan/inputs/{key}": path for key, path in inputs.items()},
    }
    stream = StoredGzip(out)
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(members):
            _add(archive, name, members[name])
    stream.finish()
    return stream.digest.hexdigest(), stream.size


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime = 0o644, 0
    if isinstance(content, bytes):
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    else:
        entry.size = content.stat().st_size
        with content.open("rb") as stream:
            archive.addfile(entry, stream)


@cache
def runtime_files() -> dict[str, bytes]:
    """The code that a container needs, by its name in the archive; nothing is imported for it."""
    root = find_spec("mrlc")
    assert root is not None
    assert root.origin is not None
    found = {"mrlc/__init__.py": Path(root.origin).read_bytes()}
    for package in PACKAGES:
        found |= {f"mrlc/{package}/{name}": content for name, content in _sources(package)}
    return found


def _sources(package: str) -> Iterator[tuple[str, bytes]]:
    spec = find_spec(f"mrlc.{package}")
    assert spec is not None
    for place in spec.submodule_search_locations or ():
        for path in sorted(Path(place).rglob("*.py")):
            yield path.relative_to(place).as_posix(), path.read_bytes()


@cache
def runtime_digest() -> str:
    """SHA-256 of that code and its names."""
    digest = hashlib.sha256()
    for name, content in sorted(runtime_files().items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
