"""What a warden is told and what it answers, as length-prefixed JSON over its two pipes."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import asdict, dataclass
from typing import Any, Literal

Cause = Literal["exit", "signal", "wall", "cpu", "output", "files"]
"""How a child ended: by itself, or by the limit that the warden kept."""


@dataclass(frozen=True)
class Request:
    """One call."""

    kind: Literal["python", "shell"]
    code: str
    seed: int
    wall_s: float
    cpu_s: float
    memory_bytes: int
    output_bytes: int
    file_bytes: int
    processes: int
    bwrap: str | None = None
    """The program of bubblewrap, for a shell in namespaces of its own."""

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return asdict(self)


@dataclass(frozen=True)
class Answer:
    """What became of it."""

    cause: Cause
    number: int
    """The exit code or the signal."""
    output: str
    """What it wrote, at most as much as it may."""
    message: str
    """What the child said over its own channel, unread: the code might have written it."""


def send(descriptor: int, value: dict[str, Any]) -> None:
    """Write one message."""
    data = json.dumps(value).encode()
    data = struct.pack("=I", len(data)) + data
    while data:
        data = data[os.write(descriptor, data) :]


def receive(descriptor: int) -> dict[str, Any] | None:
    """Read one message; None at the end of the pipe."""
    head = _exactly(descriptor, 4)
    data = head and _exactly(descriptor, struct.unpack("=I", head)[0])
    return None if not data else dict(json.loads(data))


def _exactly(descriptor: int, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = os.read(descriptor, size - len(found))
        if not part:
            return b""
        found += part
    return found
