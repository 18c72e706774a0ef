"""Fields of a job that leave each other without effect, and what a job cannot be without."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.rules import Edit, Finding, Label, Subject, check, rule
from mrlc.compiler.rules.names import twice
from mrlc.compiler.targets.example import BEFORE, job
from mrlc.compiler.targets.prices import BadTable, prices_of
from mrlc.compiler.targets.request import AT

_TARGET = job()
GROUPS = "[{name: trainers, instance: ml.g6e.12xlarge}, {name: actors, instance: ml.g6e.xlarge}]"


@rule(
    "MRLC701",
    "two-targets",
    bad=(Edit(BEFORE, _TARGET.new.replace("target:", "target:\n  local: {threads: 1}")),),
    good=(_TARGET,),
)
def target_is_one(subject: Subject) -> Iterator[Finding]:
    """A spec names this machine and SageMaker.

    A job reads nothing of `local`, so what stands there would have no effect.

    Name one target. A plan for SageMaker runs here too, by `mrlc run`.
    """
    target = subject.experiment.target
    if target.sagemaker is None:
        return
    for path, _ in subject.select(("target", "local")):
        label = Label(subject.name(AT), "the target")
        at = subject.name("target.local")
        yield Finding(".".join(path), "`target` names two places", "ignored", (label,), None, at)


@rule(
    "MRLC702",
    "field-without-effect",
    bad=(job(encrypt_traffic="true"),),
    good=(job(encrypt_traffic="true", count="2"),),
)
def fields_have_effect(subject: Subject) -> Iterator[Finding]:
    """The service ignores a field, or refuses it, beside another one.

    What you rely on would not happen: a disk that is not made, a key that encrypts nothing.

    Take the field out, or change the one that the message names.
    """
    job = subject.experiment.target.sagemaker
    if job is None:
        return
    if job.encrypt_traffic and sum(count for _, count in job.groups) == 1:
        yield Finding(f"{AT}.encrypt_traffic", "one instance has no other to talk to")
    if job.instance_groups and subject.scalar(f"{AT}.count"):
        label = Label(subject.name(f"{AT}.instance_groups"), "each has a count")
        message = "`count` has no effect beside `instance_groups`"
        yield Finding(f"{AT}.count", message, "", (label,))
    disks = _local_disks(subject)
    if disks and subject.scalar(f"{AT}.volume_gb"):
        message = f"`{disks}` has a disk of its own; `volume_gb` has no effect"
        yield Finding(f"{AT}.volume_gb", message)
    if disks and job.kms.volume is not None:
        message = f"`{disks}` has a disk of its own, encrypted by itself; no key can be given"
        yield Finding(f"{AT}.kms.volume", message)


def _local_disks(subject: Subject) -> str | None:
    """A type of the job, if all its types are known to have disks of their own."""
    job = subject.experiment.target.sagemaker
    assert job is not None
    try:
        prices = prices_of(job, subject.files).of
    except BadTable:  # has a rule of its own
        return None
    known = [prices.get(instance) for instance, _ in job.groups]
    if known and all(price is not None and price.has_local_disk for price in known):
        return job.groups[0][0]
    return None


@rule(
    "MRLC706",
    "no-instances",
    bad=(job(instance=None),),
    good=(job(instance=None, instance_groups=GROUPS),),
)
def job_has_instances(subject: Subject) -> Iterator[Finding]:
    """A job has neither an instance type nor groups, or both.

    There is nothing to run on, or no telling which.

    Give `instance` and `count`, or `instance_groups`.
    """
    job = subject.experiment.target.sagemaker
    if job is None:
        return
    if job.instance is None and not job.instance_groups:
        message = "a job needs `instance` or `instance_groups`"
        yield Finding(f"{AT}.instance", message, at=subject.name(AT))
    if job.instance is not None and job.instance_groups:
        label = Label(subject.name(f"{AT}.instance_groups"), "the groups")
        message = "a job has `instance` or `instance_groups`, not both"
        yield Finding(f"{AT}.instance", message, "", (label,))


@check
def names_of_groups_differ(subject: Subject) -> Iterator[Diagnostic]:
    job = subject.experiment.target.sagemaker
    groups = enumerate(job.instance_groups if job else ())
    named = [(f"{AT}.instance_groups.{index}", group.name) for index, group in groups]
    return twice(subject, named, "groups")
