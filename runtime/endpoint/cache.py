"""Answers by what was asked: one file a request, named by the SHA-256 of the request.

    endpoints/reward.components.0.endpoint/3f/3f9a….json

The request as it is digested has the address as the spec writes it, and no key; so an entry holds
no secret, and fits wherever the endpoint moves. Files appear whole or not at all, so that a
killed run and processes side by side can share a folder. An entry that cannot be read is asked for
again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mrlc.runtime.endpoint.completion import Completion, NotACompletion, read


def digest(request: Mapping[str, Any]) -> str:
    """The name of a request."""
    text = json.dumps(request, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Cache:
    """In memory until it is given a folder."""

    def __init__(self) -> None:
        self._known: dict[str, Completion] = {}
        self._folder: Path | None = None

    def keep_in(self, folder: Path) -> None:
        """Keep the answers in a folder from now on, with those known so far."""
        self._folder = folder
        for name, completion in self._known.items():
            self.put(name, completion)
        self._known.clear()

    def get(self, name: str) -> Completion | None:
        """The answer to a request, if it was asked before."""
        if self._folder is None:
            return self._known.get(name)
        return _read(self._file(self._folder, name))

    def put(self, name: str, completion: Completion) -> None:
        """Keep an answer."""
        if self._folder is None:
            self._known[name] = completion
        else:
            _write(self._file(self._folder, name), completion)

    def kept(self) -> Iterator[Completion]:
        """All answers in the folder."""
        files = self._folder.glob("*/*.json") if self._folder else ()
        return (one for file in files if (one := _read(file)) is not None)

    @staticmethod
    def _file(folder: Path, name: str) -> Path:
        return folder / name[:2] / f"{name}.json"


def _read(file: Path) -> Completion | None:
    try:
        return read(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, NotACompletion):
        return None


def _write(file: Path, completion: Completion) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: two processes may write the same answer at the same time.
    handle, partial = tempfile.mkstemp(prefix=".partial-", dir=file.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(completion.as_json(), stream, ensure_ascii=False)
        Path(partial).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(partial).unlink()
        raise
