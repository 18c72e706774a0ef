"""The source of a job in S3, under its digest: the same bytes are never sent twice.

An object in S3 is whole or absent, and its place is its SHA-256, so that one which is there is
the right one; its length and checksum are compared all the same, against one put there by hand.
"""

from __future__ import annotations

import base64
from typing import Any

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.sagemaker.client import Aws
from mrlc.runtime.sagemaker.job import Job

LARGEST = 5 * 1024**3
"""Bytes that S3 takes in one request."""
ABSENT = {"404", "NoSuchKey", "NotFound"}


def put_source(job: Job) -> dict[str, Any]:
    """The PutObject request, without its body.

    Raises:
        PlanBroken: the source is too large.
    """
    if job.size > LARGEST:
        help = "leave large data in S3 and name it under target.sagemaker.inputs"
        raise PlanBroken(
            job.archive, f"{job.size:,} bytes; a source holds at most 5 GiB", help=help
        )
    bucket, key = split_uri(job.source)
    return {
        "Bucket": bucket,
        "Key": key,
        "ContentLength": job.size,
        "ContentType": "application/gzip",
        "ChecksumSHA256": _checksum(job.sha256),
        **_encryption(job),
    }


def upload(aws: Aws, job: Job) -> bool:
    """Put the source where the job will look for it; False: it was there.

    Raises:
        RemoteFailed: S3 does not take it.
    """
    request = put_source(job)
    where = {"Bucket": request["Bucket"], "Key": request["Key"]}
    found = aws.find("s3", "HeadObject", absent=ABSENT, ChecksumMode="ENABLED", **where)
    if found is not None and _is_same(found, request):
        return False
    with job.archive.open("rb") as body:
        aws.ask("s3", "PutObject", Body=body, **request)
    return True


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def _is_same(found: dict[str, Any], request: dict[str, Any]) -> bool:
    checksum = found.get("ChecksumSHA256", request["ChecksumSHA256"])  # absent without s3:GetObject
    return bool(
        found["ContentLength"] == request["ContentLength"] and checksum == request["ChecksumSHA256"]
    )


def _checksum(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def _encryption(job: Job) -> dict[str, str]:
    """The key that the job's results are encrypted with is the source's as well."""
    key = job.estimator["OutputDataConfig"].get("KmsKeyId")
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
