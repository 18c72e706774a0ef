"""GPUs of a job: that there are any, who gets them, and what their trainers can share."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Finding, Label, Subject, rule
from mrlc.compiler.rules.vllm import rollout
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.gpus import gpus_of
from mrlc.compiler.targets.request import AT
from mrlc.schemas.sagemaker import SageMaker

SERVER = rollout("{backend: vllm, vllm: {mode: server}}")
COLOCATE = rollout("{backend: vllm}")
ZERO = "{deepspeed: {zero_stage: 2}}"


@rule(
    "MRLC730",
    "no-gpu",
    bad=(COLOCATE, job(instance="ml.c5.4xlarge")),
    good=(COLOCATE, job()),
)
def instances_have_gpus(subject: Subject) -> Iterator[Finding]:
    """The spec asks for what runs on GPUs, of instances that have none.

    vLLM would not start, and FSDP2 and DeepSpeed would share out nothing: the job fails after its
    start has been paid for.

    Take an instance of the g or p families.
    """
    job = subject.experiment.target.sagemaker
    if job is None:
        return
    asked = []
    if subject.experiment.rollout.backend == "vllm":
        asked.append(("`backend: vllm`", "rollout.backend"))
    if job.distribution.named is not None:
        asked.append((f"`{job.distribution.named}`", f"{AT}.distribution"))
    if not asked:
        return
    what, at = asked[0]
    for index, (instance, _) in enumerate(job.groups):
        if gpus_of(instance) == 0:
            path = f"instance_groups.{index}.instance" if job.instance_groups else "instance"
            label = Label(subject.name(at), "needs GPUs")
            yield Finding(f"{AT}.{path}", f"`{instance}` has no GPU for {what}", "", (label,))


@rule(
    "MRLC731",
    "too-many-gpus-kept",
    bad=(SERVER, job(vllm_gpus="4")),
    good=(SERVER, job(vllm_gpus="1")),
)
def kept_gpus_leave_some(subject: Subject) -> Iterator[Finding]:
    """`vllm_gpus` leaves nothing to train on, or the job has several instances.

    A server is started on the one instance, and the trainers get the GPUs that are left.

    Keep fewer, or take a larger instance; for several instances run a server of your own, and name
    it under `rollout.vllm.server`.
    """
    job = subject.experiment.target.sagemaker
    if job is None or job.vllm_gpus is None:
        return
    path = f"{AT}.vllm_gpus"
    if sum(count for _, count in job.groups) > 1:
        label = _several(subject, job)
        yield Finding(path, "GPUs are kept on one instance, and the job has several", "", (label,))
        return
    for instance, _ in job.groups:
        present = gpus_of(instance)
        if present is not None and 0 < present <= job.vllm_gpus:
            label = Label(subject.value(f"{AT}.instance"), f"has {present}")
            message = f"{job.vllm_gpus} GPUs for vLLM leave none of {present} to train on"
            yield Finding(path, message, "", (label,))


@rule(
    "MRLC732",
    "nothing-to-share",
    severity="warning",
    bad=(job(instance="ml.g6e.xlarge", distribution="{fsdp2: {}}"),),
    good=(job(distribution="{fsdp2: {}}"),),
)
def distribution_has_effect(subject: Subject) -> Iterator[Finding]:
    """A job with one trainer has nobody to share with.

    It trains as without `distribution`, and takes as much memory.

    Take an instance with several GPUs, or several instances.
    """
    job = subject.experiment.target.sagemaker
    if job is not None and job.distribution.named is not None and _trainers(job) == 1:
        message = f"`{job.distribution.named}` has no effect: one GPU trains"
        label = Label(subject.name(f"{AT}.instance"), "the GPUs")
        yield Finding(f"{AT}.distribution", message, "", (label,))


@rule(
    "MRLC733",
    "checkpoints-in-parts",
    bad=(job(count="2", distribution=ZERO),),
    good=(job(count="2", distribution="{fsdp2: {}}"),),
)
def checkpoints_are_on_one_host(subject: Subject) -> Iterator[Finding]:
    """DeepSpeed is to train on several instances.

    Each process writes its part of a checkpoint to its own host, and those of one host are kept: an
    interrupted job could not go on.

    Take `fsdp2`, whose checkpoints the first host has whole, or one instance.
    """
    job = subject.experiment.target.sagemaker
    if job is None or job.distribution.deepspeed is None:
        return
    if sum(count for _, count in job.groups) > 1:
        label = _several(subject, job)
        message = "DeepSpeed's checkpoints lie in parts on every instance"
        yield Finding(f"{AT}.distribution.deepspeed", message, "", (label,))


def _several(subject: Subject, job: SageMaker) -> Label:
    name = "instance_groups" if job.instance_groups else "count"
    return Label(subject.value(f"{AT}.{name}"), "several")


def _trainers(job: SageMaker) -> int | None:
    """Processes that train; None where a type is not known."""
    counts = [(gpus_of(instance), count) for instance, count in job.groups]
    if not counts or any(gpus is None for gpus, _ in counts):
        return None
    return sum((gpus or 0) * count for gpus, count in counts) - (job.vllm_gpus or 0)
