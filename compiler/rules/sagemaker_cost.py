"""What a job may cost."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.diagnostics import Span
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.prices import BadTable, ceiling, prices_of
from mrlc.compiler.targets.request import AT

TABLE = "specs/prices.csv"
PRICES = """\
# on-demand, us-east-1, 2026-11
instance,gpus,gpu_memory_gib,local_disk,usd_hour
ml.g6e.12xlarge,4,192,yes,13.2
"""


@rule(
    "MRLC718",
    "no-price",
    severity="warning",
    bad=(job(instance="ml.trn1.32xlarge"),),
    good=(job(),),
)
def instances_have_a_price(subject: Subject) -> Iterator[Finding]:
    """An instance type is not in the price table.

    `mrlc plan` cannot say what the job may cost.

    Give a table of your own under `target.sagemaker.prices`.
    """
    job = subject.experiment.target.sagemaker
    if job is None or job.max_cost_usd is not None:
        return
    for path, instance in _unpriced(subject):
        yield Finding(path, f"`{instance}` has no price in the table")


@rule(
    "MRLC719",
    "above-the-ceiling",
    bad=(job(max_cost_usd="100"),),
    good=(job(max_cost_usd="500"),),
)
def cost_is_within_its_limit(subject: Subject) -> Iterator[Finding]:
    """The job may cost more than `max_cost_usd`, or nobody knows what it may cost.

    The ceiling is the price on demand, times the instances, times `max_runtime_s` and the warm
    pool; spot is cheaper, by how much is not known before.

    Shorten `max_runtime_s`, take fewer or smaller instances, or allow more.
    """
    job = subject.experiment.target.sagemaker
    if job is None or job.max_cost_usd is None:
        return
    path = f"{AT}.max_cost_usd"
    for at, instance in _unpriced(subject):
        message = f"`{instance}` has no price, so `max_cost_usd` cannot be held"
        yield Finding(at, message, "", (Label(subject.value(path), "the limit"),))
    try:
        most = ceiling(job, prices_of(job, subject.files))
    except BadTable:  # has a rule of its own
        return
    if most.usd is not None and most.usd > job.max_cost_usd:
        message = f"the job may cost ${most.usd:,.2f}: {most.hours:g} h of {most.instances}"
        label = Label(subject.value(f"{AT}.max_runtime_s"), "the longest run")
        yield Finding(path, message, "", (label,), f"prices: {most.basis}")


@rule(
    "MRLC720",
    "bad-price-table",
    bad=(job(prices="prices.csv"), Edit(None, PRICES.replace("13.2", "cheap"), TABLE)),
    good=(job(prices="prices.csv"), Edit(None, PRICES, TABLE)),
)
def price_table_can_be_read(subject: Subject) -> Iterator[Finding]:
    """The file under `target.sagemaker.prices` is not a price table.

    No ceiling could be reckoned from it.

    Say in its first line which prices it holds and of when, `# on-demand, us-east-1, 2026-11`; then
    come the columns instance,gpus,gpu_memory_gib,local_disk,usd_hour.
    """
    job = subject.experiment.target.sagemaker
    if job is None or job.prices is None:
        return
    try:
        prices_of(job, subject.files)
    except BadTable as error:
        file = subject.files[job.prices]
        lines = file.text.splitlines() or [""]
        text = lines[min(error.line, len(lines)) - 1]
        span = Span(str(file.path), error.line, 1, error.line, len(text) + 1, text)
        label = Label(subject.value(f"{AT}.prices"), "named here")
        yield Finding(f"{AT}.prices", f"not a price table: {error}", "", (label,), None, span)


def _unpriced(subject: Subject) -> Iterator[tuple[str, str]]:
    """Path and type of the instances without a price; a type that is no choice has its own rule."""
    job = subject.experiment.target.sagemaker
    assert job is not None
    try:
        known = prices_of(job, subject.files).of
    except BadTable:
        return
    for index, (instance, _) in enumerate(job.groups):
        if instance not in known and _exists(instance):
            at = f"instance_groups.{index}.instance" if job.instance_groups else "instance"
            yield f"{AT}.{at}", instance


def _exists(instance: str) -> bool:
    from mrlc.compiler.targets.service_model import refusals

    return not list(refusals(instance, "TrainingInstanceType"))
