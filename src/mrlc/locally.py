"""`mrlc submit --local`: jobs sent to a SageMaker that lives as long as they do, on this machine.

Everything goes the way of a real submit but for what only an account has: its credentials, its
buckets (made empty) and its topics (nobody listens, so no alarm and no rule is made). A job goes
after the other; what each leaves stays in runs/local/<job>/, which holds no record of it, as the
service that ran it is gone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mrlc.error_handler import RemoteFault
from mrlc.fetching import fetch
from mrlc.following import followed
from mrlc.jobs import say, services

if TYPE_CHECKING:
    from mrlc.runtime.sagemaker.job import Job
    from mrlc.runtime.sagemaker.local.session import Local

POLL_S = 0.5
"""A look costs nothing here."""

Send = Callable[["Job"], str]


def run_locally(jobs: Iterable[tuple[Job, Send]], runs: Path) -> int:
    """Run jobs to their ends, each sent by its function; 0 where all did what they were sent for."""
    outcomes = []
    with _service() as local:
        for compiled, send in jobs:
            job = replace(compiled, alarms=[], events={})
            _make_buckets(local, job)
            send(job)
            outcomes.append(_to_the_end(job, runs / "local" / job.name))
    return 0 if all(outcomes) else 1


def _to_the_end(job: Job, folder: Path) -> bool:
    from mrlc.runtime.sagemaker.records import of_job

    aws, seen, is_done = followed(of_job(job), POLL_S)
    try:
        fetch(aws, seen, folder, plan=str(job.folder))
    except RemoteFault:
        say(f"{job.name} has left nothing")  # its log, above, says why
    return is_done


def _make_buckets(local: Local, job: Job) -> None:
    from mrlc.runtime.sagemaker.upload import split_uri

    s3 = local.cloud.client("s3", services(job.region).region)
    places = [job.source.uri, str(job.estimator["OutputDataConfig"]["S3OutputPath"])]
    places += [
        str(job.estimator[one]["S3Uri"]) for one in ["CheckpointConfig"] if one in job.estimator
    ]
    there = {one["Name"] for one in s3.list_buckets()["Buckets"]}
    for bucket in {split_uri(place)[0] for place in places} - there:
        region = services(job.region).region
        where = {} if region == "us-east-1" else {"LocationConstraint": region}
        s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))


@contextmanager
def _service() -> Iterator[Local]:
    """Both servers, and boto3 in this process led to them and nowhere else."""
    from mrlc.compiler.targets.service_model import refusals
    from mrlc.runtime.sagemaker.local.session import open_local

    before = dict(os.environ)
    for name in [name for name in before if name.startswith("AWS_")]:
        del os.environ[name]
    nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    os.environ.update(nowhere, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    services.cache_clear()
    try:
        with open_local(refusals) as local:
            os.environ.update(local.environment)
            yield local
    finally:
        os.environ.clear()
        os.environ.update(before)
        services.cache_clear()
