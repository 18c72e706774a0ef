"""Times of a job: how long it runs, waits for spot capacity, and keeps its instances."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Finding, Label, Subject, rule
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.request import AT

MAX_RUNTIME_S = 28 * 24 * 3600
WARM_POOL_S = 3600
KEPT = "s3://my-team/checkpoints"


@rule(
    "MRLC707",
    "spot-wait",
    bad=(job(spot="true", checkpoints=KEPT, max_wait_s="3600"),),
    good=(job(spot="true", checkpoints=KEPT, max_wait_s="172800"),),
)
def spot_waits_long_enough(subject: Subject) -> Iterator[Finding]:
    """`max_wait_s` is not what a spot job needs.

    It covers the waiting and the running together, so it cannot be less than `max_runtime_s`. A job
    on demand has no such limit.

    With `spot` give at least `max_runtime_s`, twice that where capacity is scarce; without it, none.
    """
    job = subject.experiment.target.sagemaker
    if job is None:
        return
    label = Label(subject.value(f"{AT}.max_runtime_s"), "the longest run")
    if job.spot and job.max_wait_s is None:
        message = "a spot job needs `max_wait_s`, for waiting and running together"
        yield Finding(f"{AT}.spot", message, "", (label,))
    elif not job.spot and job.max_wait_s is not None:
        yield Finding(f"{AT}.max_wait_s", "only a job with `spot: true` waits for capacity")
    elif job.max_wait_s is not None and job.max_wait_s < job.max_runtime_s:
        message = f"waiting and running together, {job.max_wait_s:,} s, is less than running alone"
        yield Finding(f"{AT}.max_wait_s", message, "", (label,))


@rule(
    "MRLC708",
    "spot-without-checkpoints",
    bad=(job(spot="true", max_wait_s="172800"),),
    good=(job(spot="true", max_wait_s="172800", checkpoints=KEPT),),
)
def spot_keeps_checkpoints(subject: Subject) -> Iterator[Finding]:
    """A spot job keeps no checkpoints.

    Each interruption would lose all steps, and what they cost.

    Give `checkpoints` a prefix in S3.
    """
    job = subject.experiment.target.sagemaker
    if job is not None and job.spot and job.checkpoints is None:
        yield Finding(f"{AT}.spot", "a spot job can be interrupted and keeps no `checkpoints`")


@rule(
    "MRLC709",
    "warm-pool-conflict",
    bad=(job(spot="true", max_wait_s="172800", checkpoints=KEPT, warm_pool_s="600"),),
    good=(job(warm_pool_s="600"),),
)
def warm_pool_is_possible(subject: Subject) -> Iterator[Finding]:
    """A warm pool is not to be had with this job.

    The service keeps instances that are on demand and of one type, for an hour at most.

    Take `warm_pool_s` out, or `spot`, or give one `instance` in place of groups.
    """
    job = subject.experiment.target.sagemaker
    if job is None or job.warm_pool_s is None:
        return
    path = f"{AT}.warm_pool_s"
    for name, stands in (("spot", job.spot), ("instance_groups", bool(job.instance_groups))):
        if stands:
            label = Label(subject.name(f"{AT}.{name}"), "has no warm pool")
            message = f"`warm_pool_s` cannot be had with `{name}`"
            yield Finding(path, message, "", (label,))
    # The service's model says 21,600, its guide 3,600; what lies above its model is said already.
    if WARM_POOL_S < job.warm_pool_s <= 6 * WARM_POOL_S:
        yield Finding(path, f"a warm pool is kept for at most {WARM_POOL_S:,} s")


@rule(
    "MRLC712",
    "runtime-too-long",
    bad=(job(max_runtime_s="2592000"),),
    good=(job(max_runtime_s="2419200"),),
)
def runtime_is_possible(subject: Subject) -> Iterator[Finding]:
    """A job may not run that long.

    28 days is the service's limit; an account's own can be lower.

    Split the training, or go on from checkpoints in another job.
    """
    job = subject.experiment.target.sagemaker
    if job is not None and job.max_runtime_s > MAX_RUNTIME_S:
        days = job.max_runtime_s / 86_400
        yield Finding(f"{AT}.max_runtime_s", f"{days:g} days; a job runs for at most 28")
