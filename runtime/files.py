"""Writes that are whole or absent, and what is wrong with a file that cannot be read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError


def reason(error: ValidationError | OSError) -> str:
    """Why a file is not what its model says, in one line: the first fault and its place."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"`{place}`: {first['msg'].lower()}" if place else first["msg"].lower()


def write_json(path: Path, value: Any) -> None:
    """Write readable JSON; a reader sees the old file or the new one, never a part.

    The content is on disk before the rename, so that a power cut leaves no empty file.
    """
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
