"""The files of a job in S3, each where the job looks for it.

The source lies under its digest: the same bytes are never sent twice, however many jobs run them.
An object in S3 is whole or absent, so that one which is there is the right one; its length and
checksum are compared all the same, against one put there by hand. The plan and the lines of its
spec are small, and looking would cost as much as putting them; the lines are those of the last
submit.
"""

from __future__ import annotations

import base64
from typing import Any

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.sagemaker.client import Aws
from mrlc.runtime.sagemaker.job import Job, Stored

LARGEST = 5 * 1024**3
"""Bytes that S3 takes in one request."""
ABSENT = {"404", "NoSuchKey", "NotFound"}


def puts(job: Job) -> list[tuple[Stored, dict[str, Any]]]:
    """Each file and its PutObject request, without its body; the source first.

    Raises:
        PlanBroken: the source is too large.
    """
    if job.source.size > LARGEST:
        help = "leave large data in S3 and name it under target.sagemaker.inputs"
        message = f"{job.source.size:,} bytes; a source holds at most 5 GiB"
        raise PlanBroken(job.source.file, message, help=help)
    return [
        (one, {**_request(one, kind), **_encryption(job)})
        for one, kind in (
            (job.source, "application/gzip"),
            (job.plan, "application/json"),
            (job.places, "application/json"),
        )
    ]


def upload(aws: Aws, job: Job) -> bool:
    """Put the files where the job will look for them; False: its source was there.

    Raises:
        RemoteFailed: S3 does not take them.
    """
    (source, request), *small = puts(job)
    where = {"Bucket": request["Bucket"], "Key": request["Key"]}
    found = aws.find("s3", "HeadObject", absent=ABSENT, ChecksumMode="ENABLED", **where)
    is_new = found is None or not _is_same(found, request)
    for one, asked in [(source, request), *small] if is_new else small:
        with one.file.open("rb") as body:
            aws.ask("s3", "PutObject", Body=body, **asked)
    return is_new


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def _request(one: Stored, kind: str) -> dict[str, Any]:
    bucket, key = split_uri(one.uri)
    return {
        "Bucket": bucket,
        "Key": key,
        "ContentLength": one.size,
        "ContentType": kind,
        "ChecksumSHA256": _checksum(one.sha256),
    }


def _is_same(found: dict[str, Any], request: dict[str, Any]) -> bool:
    checksum = found.get("ChecksumSHA256", request["ChecksumSHA256"])  # absent without s3:GetObject
    return bool(
        found["ContentLength"] == request["ContentLength"] and checksum == request["ChecksumSHA256"]
    )


def _checksum(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def _encryption(job: Job) -> dict[str, str]:
    """The key that the job's results are encrypted with is that of its files as well."""
    key = job.estimator["OutputDataConfig"].get("KmsKeyId")
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
