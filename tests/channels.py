"""A job's own channels as the service fills them, from the files of a compiled plan."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path


def deliver(built: Path, root: Path) -> None:
    """Put the files below a root that stands for /opt/ml."""
    for file, channel, _ in _files(built):
        folder = root / "input/data" / channel
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)


def objects(built: Path) -> Iterator[tuple[Path, str]]:
    """Each file and the `s3://…` that its channel is filled from."""
    return ((file, uri) for file, _, uri in _files(built))


def _files(built: Path) -> Iterator[tuple[Path, str, str]]:
    manifest = json.loads((built / "manifest.json").read_bytes())
    channels = json.loads((built / "estimator.json").read_bytes())["InputDataConfig"]
    for one in channels:
        prefix = one["DataSource"]["S3DataSource"]["S3Uri"]
        for part in ("source", "plan", "places"):
            uri = manifest[part]["s3"]
            if uri.startswith(prefix):
                yield built / uri.rpartition("/")[2], one["ChannelName"], uri
