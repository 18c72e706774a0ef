"""Jobs by the names that a person has for them: the job's own, its plan's folder, its experiment."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.error_handler import RemoteFault, UsageFault
from mrlc.located import located

if TYPE_CHECKING:
    from mrlc.runtime.sagemaker.client import Aws
    from mrlc.runtime.sagemaker.job import Job
    from mrlc.runtime.sagemaker.jobs import Seen
    from mrlc.runtime.sagemaker.records import Record
    from mrlc.runtime.sagemaker.refusals import Refused
    from mrlc.schemas import Plan

POLL_S = 15.0


def add_runs(parser: argparse.ArgumentParser) -> None:
    """Where the records of jobs lie."""
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="default runs/")


def add_poll(parser: argparse.ArgumentParser) -> None:
    """How often to look."""
    parser.add_argument(
        "--poll",
        type=_seconds,
        default=POLL_S,
        metavar="S",
        help=f"seconds between two looks; default {POLL_S:g}",
    )


def job_of(folder: Path) -> tuple[Plan, Job]:
    """The plan and the job in a folder.

    Raises:
        CompileFailed: they are not what was compiled.
        UsageFault: the plan has no job.
    """
    from mrlc.runtime.sagemaker.job import has_job, read_job
    from mrlc.runtime.setup import load_plan

    plan = located(lambda: load_plan(folder), folder)
    if not has_job(folder):
        raise UsageFault(f"{folder} has no job: its spec has no target.sagemaker")
    return plan, located(lambda: read_job(folder, plan), folder)


def recorded(names: Iterable[str], runs: Path) -> list[Record]:
    """The jobs of these names, each once; without a name, all that were sent from here.

    Raises:
        UsageFault: a name is no job's.
    """
    from mrlc.runtime.sagemaker.records import records

    names = list(names)
    known = located(lambda: records(runs), runs)
    if not names:
        return known
    found = (record for name in names for record in _of_name(name, known))
    return list({record.job: record for record in found}.values())


def one_recorded(name: str, runs: Path) -> Record:
    """The job of a name.

    Raises:
        UsageFault: it is none's, or several jobs'.
    """
    found = recorded([name], runs)
    if len(found) > 1:
        raise UsageFault(f"`{name}` is {len(found)} jobs: {_listed(one.job for one in found)}")
    return found[0]


def _of_name(name: str, known: list[Record]) -> list[Record]:
    """By the record's name, a folder, or the beginning of a name."""
    from mrlc.compiler.suggest import did_you_mean

    by_name = {record.job: record for record in known}
    exact = by_name.get(Path(name).name)
    if exact is not None:
        return [exact]
    for folder in (Path(name), Path("build") / name):
        if (folder / "plan.json").is_file() or (folder / "sweep.json").is_file():
            return _of_folder(folder, by_name)
    begun = [record for record in known if record.job.startswith(f"{name.replace('_', '-')}-")]
    if begun:
        return begun
    there = did_you_mean(name, by_name) or f"there are {_listed(by_name)}"
    raise UsageFault(f"no job `{name}`; {there if known else 'none was sent from here'}")


def _of_folder(folder: Path, known: dict[str, Record]) -> list[Record]:
    """Those of a plan, as the last submit or, from another machine, as they were compiled."""
    from mrlc.plans import plan_folders
    from mrlc.runtime.sagemaker.records import of_job

    jobs = [job_of(one)[1] for one in plan_folders([folder])]
    return [_latest(job.name, known) or of_job(job) for job in jobs]


def _latest(name: str, known: dict[str, Record]) -> Record | None:
    """The last attempt at a job that was sent from here."""
    tries = [one for one in known if re.fullmatch(rf"{re.escape(name)}(-\d+)?", one)]
    return known[max(tries, key=lambda one: (len(one), one))] if tries else None


def looked_at(record: Record) -> tuple[Aws, Seen]:
    """The service of a job, and the job as it stands.

    Raises:
        RemoteFault: the job was never sent, or not to this account.
    """
    (found,) = all_looked_at([record], lambda _: False)
    return found


def all_looked_at(
    records: Sequence[Record], is_enough: Callable[[Seen], bool]
) -> list[tuple[Aws, Seen]]:
    """The same of many jobs, with few requests.

    `is_enough` says whether a job as a list has it, with status and times alone, will do.

    Raises:
        RemoteFault: a job was never sent, or not to this account.
    """
    from mrlc.runtime.sagemaker.looking import look_at

    found: dict[str, Seen | None] = {}
    for region in dict.fromkeys(record.region for record in records):
        names = [record.job for record in records if record.region == region]
        found |= look_at(services(region), names, is_enough)
    return [(services(record.region), _there(record, found[record.job])) for record in records]


def _there(record: Record, seen: Seen | None) -> Seen:
    if seen is None:
        raise RemoteFault(
            f"there is no job {record.job} in {services(record.region).region} for these "
            f"credentials; mrlc submit {record.plan} sends it"
        )
    return seen


@cache
def services(region: str | None) -> Aws:
    """The services of a region; their clients are worth keeping."""
    from mrlc.runtime.sagemaker.client import Aws

    return Aws(region)


def tidied(aws: Aws, record: Record, seen: Seen) -> None:
    """Take down what an ended job does not need; whoever sees the end first does it."""
    all_tidied([(aws, record, seen)])


def all_tidied(jobs: Iterable[tuple[Aws, Record, Seen]]) -> set[str]:
    """The same for many jobs, with few requests; the names of those that have nothing left.

    Looking at a job is not worth failing for it: who may only look leaves it to the others, and
    is told so once.
    """
    from mrlc.runtime.errors import RemoteFailed
    from mrlc.runtime.sagemaker.jobs import drop_alarms

    ended = [one for one in jobs if one[2].has_ended]
    done = set[str]()
    try:
        for service in dict.fromkeys(aws for aws, _, _ in ended):
            own = [record.companions for aws, record, _ in ended if aws is service]
            drop_alarms(service, [alarm for one in own for alarm in one.alarms])
        for aws, record, seen in ended:
            if record.companions.tidy_rule(aws, seen):
                done.add(record.job)
    except RemoteFailed as error:
        left = _listed(record.job for _, record, _ in ended if record.job not in done)
        say(f"{left}: its alarms or its rule are still there: {error}")
    return done


def stopped_by(aws: Aws, seen: Seen) -> str | None:
    """The sentence about the alert that ended a job: `stopped by alert NAME at step N: …`.

    The job is complete, as it did what its spec says; only its log tells. It is read where the last
    step had a firing, so that most jobs cost no look.
    """
    from mrlc.runtime.errors import RemoteFailed
    from mrlc.runtime.sagemaker.logs import end_by_alert

    if seen.status != "Completed" or not seen.metrics.get("alert/firing"):
        return None
    try:
        return end_by_alert(aws, seen.name)
    except RemoteFailed as error:
        say(f"{seen.name}: an alert fired at its last step, but the log cannot be read: {error}")
        return None


def outcome(aws: Aws, seen: Seen) -> tuple[str, bool]:
    """How a job ended, in a line, and whether it did all that it was sent to do."""
    why = stopped_by(aws, seen) or seen.answer.get("FailureReason")
    return f"{seen.status}{f', {why}' if why else ''}", seen.status == "Completed" and not why


def with_place(plan: Plan, job: Job, work: Callable[[], str]) -> str:
    """Do the work; a refusal that names a part of the request is told with the spec's line.

    Raises:
        RemoteFault: the service refuses.
    """
    from mrlc.runtime.sagemaker.refusals import Refused

    try:
        return work()
    except Refused as error:
        raise RemoteFault(f"{job.name}: {error}{_in_spec(plan, job, error)}") from None


def path_of(place: tuple[str, ...], plan: Plan, job: Job) -> str:
    """The path in the spec of a part of a job's request."""
    from mrlc.compiler.targets.request import AT, create_training_job

    target = plan.experiment.target.sagemaker
    if target is None:
        return AT
    made = create_training_job(
        plan.experiment,
        target,
        digests=plan.digests,
        source=job.source.sha256,
        plan=job.plan.sha256,
    )
    return made.origin(place)


def _in_spec(plan: Plan, job: Job, error: Refused) -> str:
    from mrlc.compiler.fault import diagnose_fault
    from mrlc.compiler.render.text import shown_file
    from mrlc.runtime.errors import PlanFault

    if error.place is None:
        return ""
    path = path_of(error.place, plan, job)
    span = diagnose_fault(PlanFault(path, str(error)), job.folder).span
    return f"; {path} is at {shown_file(span.file, Path.cwd())}:{span.line}:{span.column}"


def ran_s(answer: dict[str, Any]) -> float | None:
    """Seconds that a job has trained so far; None: it has not begun."""
    if "TrainingTimeInSeconds" in answer:
        return float(answer["TrainingTimeInSeconds"])
    started = answer.get("TrainingStartTime")
    if started is None:
        return None
    end = answer.get("TrainingEndTime") or datetime.now(UTC)
    return float((end - started).total_seconds())


def say(text: str) -> None:
    """Tell how it comes along, on stderr."""
    import sys

    from mrlc.compiler.render.text import visible

    print(visible(text), file=sys.stderr, flush=True)


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, found {text!r}")
    return seconds
