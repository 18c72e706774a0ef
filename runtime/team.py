"""The processes that train together; one is a team too.

The first keeps the run: it alone writes logs, checkpoints and the model. Hosts share no disk, so
what the others must read is sent to them, and whatever must be decided alike (which checkpoint,
whether to stop) is decided by one word of the first, or by all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

Value = TypeVar("Value")
PATIENCE = timedelta(days=1)
"""For a word of the others: the first evaluates while they wait, which may take hours."""
_CHUNK = 1 << 26
"""Bytes sent at a time; the whole of a large model would be in memory twice."""


@dataclass(frozen=True)
class Team:
    """This process and its place among the others."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process keeps the run."""
        return self.rank == 0

    def any(self, flag: bool) -> bool:
        """Whether one of all says yes; all must ask at the same step."""
        if self.size == 1:
            return flag
        from accelerate.utils import gather_object

        return any(gather_object([flag]))

    def word(self, value: Value) -> Value:
        """What the first says; the others' own value does not count."""
        if self.size == 1:
            return value
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]  # type: ignore[no-any-return]

    def wait(self) -> None:
        """Go on when all have come so far."""
        if self.size > 1:
            from accelerate import PartialState

            PartialState().wait_for_everyone()

    def share(self, folder: Path) -> None:
        """Give the first's folder to each other host, where it appears whole."""
        if self.size == self.local_size:
            return
        keeps = self.rank >= self.local_size and self.local_rank == 0
        partial = folder.with_name(f".{folder.name}.partial")
        names = [str(p.relative_to(folder)) for p in sorted(folder.rglob("*")) if p.is_file()]
        for name in self.word(names if self.is_first else []):
            self._send(folder / name, partial / name, keeps=keeps)
        if keeps:
            _replace(partial, folder)
        self.wait()

    def _send(self, source: Path, target: Path, *, keeps: bool) -> None:
        size = self.word(source.stat().st_size if self.is_first else 0)
        if keeps:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"")
        for start in range(0, size, _CHUNK):
            chunk = self.word(_read(source, start) if self.is_first else b"")
            if keeps:
                with target.open("ab") as file:
                    file.write(chunk)


ALONE = Team()


def join(environment: Mapping[str, str] = os.environ) -> Team:
    """Meet the others, as process 1 has set the environment; where it has not, be alone."""
    size = int(environment.get("WORLD_SIZE", 1))
    if size == 1:
        return ALONE
    import torch
    from accelerate import PartialState

    cuda = torch.cuda.is_available()
    # Accelerate takes several CPU processes for a team only when told so, or else for strangers.
    arguments: dict[str, Any] = {} if cuda else {"cpu": True, "backend": "gloo"}
    PartialState(timeout=PATIENCE, **arguments)
    return Team(
        rank=int(environment["RANK"]),
        size=size,
        local_rank=int(environment["LOCAL_RANK"]),
        local_size=int(environment["LOCAL_WORLD_SIZE"]),
    )


def _read(file: Path, start: int) -> bytes:
    with file.open("rb") as stream:
        stream.seek(start)
        return stream.read(_CHUNK)


def _replace(partial: Path, folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
