"""What a job leaves in S3, brought here: model.tar.gz and output.tar.gz, unpacked with care.

An archive is written by a container that ran a model's code, so it is not trusted: plain files and
folders below the target alone, no link, no device, no name that leads out, and no more than a
limit once unpacked. A folder appears whole, in the place of the one before, or not at all.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from mrlc.runtime.errors import RemoteFailed
from mrlc.runtime.sagemaker.client import Aws
from mrlc.runtime.sagemaker.jobs import Seen
from mrlc.runtime.sagemaker.upload import ABSENT, split_uri

PARTS = ("model", "output")
FEW = 100_000
"""Members of an archive: a model has dozens."""


class BadArchive(Exception):
    """Not an archive that is safe to unpack."""


def uris(seen: Seen) -> dict[str, str]:
    """Where the parts of a job's results lie, by their names."""
    output = str(seen.answer["OutputDataConfig"]["S3OutputPath"]).rstrip("/")
    folder = f"{output}/{seen.name}/output"
    model = seen.answer.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    return {"model": str(model or f"{folder}/model.tar.gz"), "output": f"{folder}/output.tar.gz"}


def pull(aws: Aws, uri: str, target: Path, *, limit: int) -> int | None:
    """Unpack an archive in S3 to `target`; its size in S3, or None where there is none.

    Raises:
        RemoteFailed: it cannot be had, or is not safe to unpack.
    """
    bucket, key = split_uri(uri)
    found = aws.find("s3", "HeadObject", absent=ABSENT, Bucket=bucket, Key=key)
    if found is None:
        return None
    size = int(found["ContentLength"])
    if size > limit:
        raise RemoteFailed(f"{uri} has {size:,} bytes; let through more with --limit-gb")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
        with (Path(folder) / "archive").open("w+b") as archive:
            aws.download(bucket, key, archive)
            archive.seek(0)
            try:
                unpack(archive, Path(folder) / "new", limit=limit)
            except BadArchive as error:
                raise RemoteFailed(f"{uri} is not unpacked: {error}") from None
        _swap(Path(folder) / "new", target, aside=Path(folder) / "old")
    return size


def unpack(archive: IO[bytes], target: Path, *, limit: int) -> None:
    """Unpack a compressed tar into a new folder.

    Raises:
        BadArchive: it is none, holds what it may not hold, or more than `limit` bytes.
    """
    target.mkdir()
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as members:
            for member, place in _checked(members, target, limit):
                if member.isdir():
                    place.mkdir(parents=True, exist_ok=True)
                    continue
                place.parent.mkdir(parents=True, exist_ok=True)
                content = members.extractfile(member)
                assert content is not None, "a plain file has content"
                with place.open("wb") as file:
                    shutil.copyfileobj(content, file)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BadArchive(f"not a whole .tar.gz ({error})") from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise BadArchive("a file and a folder have the same name") from None


def _checked(
    members: tarfile.TarFile, target: Path, limit: int
) -> Iterator[tuple[tarfile.TarInfo, Path]]:
    total = 0
    for count, member in enumerate(members):
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts or "\\" in member.name:
            raise BadArchive(f"`{member.name}` leads out of it")
        if not (member.isreg() or member.isdir()):
            raise BadArchive(f"`{member.name}` is neither a file nor a folder")
        total += member.size
        if total > limit or count >= FEW:
            raise BadArchive(
                f"more than {FEW:,} members"
                if count >= FEW
                else f"it unpacks to more than {limit:,} bytes; let through more with --limit-gb"
            )
        yield member, target / name


def _swap(new: Path, target: Path, *, aside: Path) -> None:
    """Put the new folder in the target's place; the old one goes with the temporary folder."""
    if target.exists():
        target.rename(aside)  # a folder that is not empty cannot be replaced in one step
    new.rename(target)
