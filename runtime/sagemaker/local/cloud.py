"""The services beside SageMaker: clients of one endpoint, and objects in S3 by their URIs."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

ACCOUNT = "123456789012"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
"""They open nothing: a local service asks nobody."""


class Place(NamedTuple):
    """A bucket and a prefix, or a key, in it."""

    bucket: str
    key: str

    @staticmethod
    def of(uri: str) -> Place:
        """From `s3://bucket/key`."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return Place(bucket, key)

    def below(self, name: str) -> Place:
        """What stands below this one, taken for a folder."""
        return Place(self.bucket, f"{self.key.rstrip('/')}/{name}".lstrip("/"))

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"


class Cloud:
    """Clients of an endpoint, made once for each service and region."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = Lock()

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What a client raises."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        return (BotoCoreError, ClientError, Boto3Error)

    def client(self, service: str, region: str) -> Any:
        """A client; clients may be shared by threads, making them may not."""
        with self._lock:
            if (service, region) not in self._clients:
                import boto3

                self._clients[service, region] = boto3.Session().client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
                )
            return self._clients[service, region]


class Bucket:
    """Reads and writes objects of a region's S3."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        self.s3 = cloud.client("s3", region)

    def keys(self, place: Place) -> list[str]:
        """The keys that begin as the place does, sorted; those of empty folders left out."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=place.bucket, Prefix=place.key
        )
        found = (entry["Key"] for page in pages for entry in page.get("Contents", ()))
        return sorted(key for key in found if not key.endswith("/"))

    def fetch(self, place: Place, folder: Path, *, share: int = 0, of: int = 1) -> None:
        """Copy what lies at or below a place into a folder: all, or each `of`-th from `share`."""
        folder.mkdir(parents=True, exist_ok=True)
        for key in self.keys(place)[share::of]:
            target = (folder / relative(key, place.key)).resolve()
            if not target.is_relative_to(folder.resolve()):
                raise ValueError(f"the key {key} leaves its channel")
            target.parent.mkdir(parents=True, exist_ok=True)
            self.s3.download_file(place.bucket, key, str(target))

    def put(self, path: Path, place: Place) -> None:
        """Copy a file to a key."""
        with path.open("rb") as content:
            self.s3.put_object(Bucket=place.bucket, Key=place.key, Body=content)

    def put_files(self, folder: Path, place: Place) -> None:
        """Copy the files of a folder below a place."""
        for path in files(folder):
            self.put(path, place.below(path.relative_to(folder).as_posix()))

    def put_archive(self, folders: Sequence[Path], place: Place) -> bool:
        """Copy folders to a key as one tar.gz; whether there was anything in them.

        Of files of the same name, the first folder's is kept.
        """
        members: dict[str, Path] = {}
        for folder in folders:
            for path in files(folder):
                members.setdefault(path.relative_to(folder).as_posix(), path)
        if not members:
            return False
        with tempfile.TemporaryFile() as out:
            with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
                for name, path in sorted(members.items()):
                    archive.add(path, arcname=name)
            out.seek(0)
            self.s3.put_object(Bucket=place.bucket, Key=place.key, Body=out)
        return True


def relative(key: str, prefix: str) -> str:
    """Where a key's content goes in the folder of its channel.

    An object named whole keeps its last name; `data/tr` also takes `data/train/x`, which then
    keeps `train/x`.
    """
    if key == prefix:
        return key.rpartition("/")[2]
    rest = key.removeprefix(prefix)
    if not prefix or prefix.endswith("/") or rest.startswith("/"):
        return rest.lstrip("/")
    return key[prefix.rfind("/") + 1 :]


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, sorted; links are not followed."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file())
