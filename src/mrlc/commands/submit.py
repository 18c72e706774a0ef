"""`mrlc submit`: send compiled jobs to SageMaker, each once."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.arguments import whole_number
from mrlc.error_handler import UsageFault, shut
from mrlc.following import say_end
from mrlc.jobs import (
    add_poll,
    add_runs,
    all_looked_at,
    job_of,
    looked_at,
    path_of,
    say,
    services,
    tidied,
    with_place,
)
from mrlc.located import located, together
from mrlc.plans import plan_folders
from mrlc.tables import Lines, Table, print_blocks

if TYPE_CHECKING:
    from mrlc.compiler.targets.prices import Ceiling
    from mrlc.runtime.errors import PlanFault
    from mrlc.runtime.gates.door import DoorShut
    from mrlc.runtime.sagemaker.job import Job
    from mrlc.runtime.sagemaker.jobs import Seen
    from mrlc.runtime.sagemaker.records import Record
    from mrlc.schemas import Plan

DECLINED = 130
ENDED_EARLY = ("Failed", "Stopped")


@dataclass
class _Ready:
    """A job that has earned its run and is whole."""

    plan: Plan
    job: Job
    seen: Seen | None = field(default=None)
    """As the service has it already."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "plans",
        nargs="*",
        type=Path,
        metavar="PLAN",
        help="plan folders, or sweeps; default: all of build/ that has a job",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the requests as JSON, send nothing"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="of jobs that failed or were stopped, a new attempt from their checkpoints",
    )
    parser.add_argument(
        "--concurrency",
        type=whole_number(1),
        metavar="N",
        help="send the next only while fewer of mrlc's jobs are in progress in the region",
    )
    parser.add_argument(
        "--wait", action="store_true", help="until all have ended; exit 1 unless all completed"
    )
    parser.add_argument(
        "--local",
        action="store_true",
        help="to a SageMaker on this machine that ends with the jobs: their logs, then what they "
        "left in runs/local/; exit 1 unless all completed",
    )
    parser.add_argument("-f", "--format", choices=("human", "json"), default="human")
    parser.add_argument(
        "--gates", type=Path, default=Path("gates"), metavar="DIR", help="evidence; default gates/"
    )
    add_poll(parser)
    add_runs(parser)


def run(args: argparse.Namespace) -> int:
    """Send what is not there yet; 0 where every job is there, however it came there."""
    if args.local and (args.again or args.concurrency):
        raise UsageFault(
            "--local starts afresh and sends one at a time: leave out --again and --concurrency"
        )
    ready, doors = _earned(_chosen(args.plans), args.gates)
    if doors:
        return shut(doors)
    if args.dry_run:
        print(json.dumps([_requests(one) for one in ready], indent=2, ensure_ascii=False))
        return 0
    if args.local:
        from mrlc.locally import run_locally

        return run_locally([(one.job, partial(_send, one.plan)) for one in ready], args.runs)
    together(partial(_look_at, one, is_again=args.again) for one in ready)
    waiting = [one for one in ready if one.seen is None]
    if waiting and not _agreed(waiting, is_yes=args.yes):
        say("nothing is sent")
        return DECLINED
    records = _Sender(args).all(ready)
    ends, are_done = _awaited(records, args.poll) if args.wait else ({}, True)
    if args.format == "json":
        print(
            json.dumps(
                [_described(*one, ends) for one in zip(ready, records, strict=True)], indent=2
            )
        )
    return 0 if are_done else 1


def _chosen(given: Sequence[Path]) -> list[Path]:
    """The folders to send; of all of build/, those with a job.

    Raises:
        UsageFault: none has one.
    """
    from mrlc.runtime.sagemaker.job import has_job

    folders = plan_folders(given)
    if given:
        return list(dict.fromkeys(folders))
    found = [folder for folder in folders if has_job(folder)]
    if not found:
        raise UsageFault("no plan in build/ has a job: their specs have no target.sagemaker")
    return found


def _earned(folders: Sequence[Path], gates: Path) -> tuple[list[_Ready], list[DoorShut]]:
    """The jobs, and the doors that are shut; of both and of their faults, all at once."""
    from mrlc.runtime.gates.door import DoorShut, open_door

    doors: list[DoorShut] = []

    def ready(folder: Path) -> _Ready:
        plan, job = job_of(folder)
        try:
            located(lambda: open_door(plan, folder, gates), folder)
        except DoorShut as door:
            doors.append(door)
        return _Ready(plan, job)

    return together(partial(ready, folder) for folder in folders), doors


def _requests(one: _Ready) -> dict[str, Any]:
    from mrlc.runtime.sagemaker.jobs import requests

    made = located(lambda: requests(one.job), one.job.folder)
    return {"job": one.job.name, "region": one.job.region, "requests": made}


def _look_at(one: _Ready, *, is_again: bool) -> None:
    located(lambda: _look(one, is_again=is_again), one.job.folder)


def _look(one: _Ready, *, is_again: bool) -> None:
    """Ask whether the job is there; for a further attempt, make that the job to send.

    Raises:
        PlanFault: it is there with another definition.
    """
    from mrlc.runtime.sagemaker.definition import is_other
    from mrlc.runtime.sagemaker.jobs import existing, newest, next_attempt
    from mrlc.runtime.sagemaker.records import of_job

    aws = services(one.job.region)
    last, seen = one.job, existing(aws, one.job)
    if seen is None:
        return
    if seen.status in ENDED_EARLY:
        last, seen = newest(aws, one.job)
        tidied(aws, of_job(last), seen)
    if seen.status in ENDED_EARLY and is_again:
        one.job = next_attempt(one.job, last)
        return
    if is_other(one.job, seen):
        raise _other(one, seen)
    one.job, one.seen = last, seen
    if seen.status in ENDED_EARLY:
        say(f"{last.name} is {seen.status}; --again makes a new attempt from its checkpoints")


def _other(one: _Ready, seen: Seen) -> PlanFault:
    """The same experiment is there, to run on something else: sent again, it would be ignored."""
    from mrlc.runtime.errors import PlanFault
    from mrlc.runtime.sagemaker.definition import differences

    found = differences(one.job, seen)
    what = "; ".join(map(str, found[:3])) or "its tags differ"
    path = path_of(found[0].place if found else (), one.plan, one.job)
    ways = {
        "Completed": "it is done, and elsewhere would learn the same;",
        **dict.fromkeys(ENDED_EARLY, "--again makes an attempt with this one;"),
    }
    way = ways.get(seen.status, f"`mrlc stop {seen.name}`, then --again, goes on with this one;")
    message = f"the job {seen.name} is {seen.status} with another definition: {what}"
    return PlanFault(path, message, help=f"{way} or give the experiment another name")


def _agreed(waiting: Sequence[_Ready], *, is_yes: bool) -> bool:
    """Show what it may cost, and ask.

    Raises:
        UsageFault: there is nobody to ask.
    """
    costs = [_ceiling(one) for one in waiting]
    rows = tuple(_row(one, cost) for one, cost in zip(waiting, costs, strict=True))
    table = Table("to send", ("job", "instances", "longest", "at most"), rows)
    bases = sorted({cost.basis for cost in costs if cost.usd is not None})
    total = _total(waiting, costs)
    note = Lines((f"{total}; prices: {'; '.join(bases)}" if bases else total,))
    print_blocks([table, note], sys.stderr)
    if is_yes:
        return True
    if not sys.stdin.isatty():
        raise UsageFault("there is no terminal to ask on: add --yes to send, --dry-run to look")
    print("send? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _row(one: _Ready, cost: Ceiling) -> tuple[str, ...]:
    money = "no price" if cost.usd is None else f"{cost.usd:,.2f} USD"
    return one.job.name, cost.instances, f"{cost.hours:g} h", money


def _total(waiting: Sequence[_Ready], costs: Sequence[Ceiling]) -> str:
    jobs = f"{len(waiting)} job{'' if len(waiting) == 1 else 's'}"
    known = [cost.usd for cost in costs if cost.usd is not None]
    if not known:
        return f"{jobs}, of unknown cost"
    more = "" if len(known) == len(costs) else f" and {len(costs) - len(known)} without a price"
    return f"{jobs}, at most {sum(known):,.2f} USD{more}"


def _ceiling(one: _Ready) -> Ceiling:
    """By the project's own prices, where its table can still be read."""
    from mrlc.compiler.targets.prices import BadTable, ceiling, read_prices, shipped
    from mrlc.schemas.plan import Provenance

    target = one.plan.experiment.target.sagemaker
    assert target is not None, "a plan with a job names its target"
    prices = shipped()
    if target.prices is not None:
        try:
            text = (one.job.folder / "provenance.json").read_text("utf-8")
            root = Path(Provenance.model_validate_json(text).root)
            prices = read_prices((root / target.prices).read_text("utf-8"))
        except (OSError, ValueError, BadTable) as error:
            raise UsageFault(f"the price table {target.prices} cannot be read: {error}") from None
    return ceiling(target, prices)


class _Sender:
    """Sends jobs one after the other, as many at once as may run."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.runs: Path = args.runs
        self.limit: int | None = args.concurrency
        self.poll_s: float = args.poll
        self.is_for_programs: bool = args.format == "json"
        self.sent: list[Record] = []

    def all(self, ready: Sequence[_Ready]) -> list[Record]:
        """Send those that are not there; the records of all."""
        return [self.one(each) for each in ready]

    def one(self, each: _Ready) -> Record:
        from mrlc.runtime.sagemaker.records import of_job, write_record

        if each.seen is None:
            self.queue(each.job)
        aws = services(each.job.region)
        arn = each.seen.arn if each.seen else _send(each.plan, each.job)
        made = of_job(each.job, region=aws.region, arn=arn)
        most = _ceiling(each)
        basis = None if most.usd is None else most.basis
        record = replace(made, usd_at_most=most.usd, usd_basis=basis)
        folder = write_record(self.runs, record)
        what = f"is there already, {each.seen.status}" if each.seen else "sent"
        if not self.is_for_programs:
            print(f"{record.job}  {what}  {folder}", flush=True)
        if each.seen is None:
            self.sent.append(record)
        return record

    def queue(self, job: Job) -> None:
        """Wait until one more may run."""
        told = False
        while self.limit is not None and (running := self.running(job)) >= self.limit:
            if not told:
                say(f"{job.name}: waiting, {running} in progress of {self.limit}")
                told = True
            time.sleep(self.poll_s)

    def running(self, job: Job) -> int:
        """How many are in progress; a list of the service's may not show the latest yet."""
        from mrlc.runtime.sagemaker.jobs import running

        names = running(services(job.region))
        for record in self.sent:
            if record.region == services(job.region).region and record.job not in names:
                names |= set() if looked_at(record)[1].has_ended else {record.job}
        return len(names)


def _send(plan: Plan, job: Job) -> str:
    """Send a job; its ARN."""
    from mrlc.runtime.sagemaker.jobs import send

    def work() -> str:
        return send(services(job.region), job, say)

    return located(lambda: with_place(plan, job, work), job.folder)


def _described(one: _Ready, record: Record, ends: Mapping[str, Seen]) -> dict[str, Any]:
    """A job for programs; of one that was just sent the service has said nothing but its ARN."""
    from mrlc.runtime.sagemaker.jobs import Seen

    seen = ends.get(record.job) or one.seen
    status = seen.status if seen else "InProgress"
    told = Seen({"TrainingJobName": record.job, "TrainingJobArn": record.arn})
    return {
        "name": record.job,
        "status": status,
        "sent": one.seen is None,
        "arn": record.arn,
        "url": told.url,
        "region": record.region,
        "plan": record.plan,
        "semantic": record.semantic,
        "usd_at_most": record.usd_at_most,
        "usd_basis": record.usd_basis,
    }


def _awaited(records: Sequence[Record], poll_s: float) -> tuple[dict[str, Seen], bool]:
    """Look until all have ended; how each did by its name, and whether all are done."""
    open_, ends = {record.job: record for record in records}, dict[str, "Seen"]()
    are_done = True
    while open_:
        waiting = list(open_.values())
        found = all_looked_at(waiting, lambda seen: not seen.has_ended)
        for record, (aws, seen) in zip(waiting, found, strict=True):
            if seen.has_ended:
                name = record.job
                del open_[name]
                tidied(aws, record, seen)
                ends[name] = seen
                are_done &= say_end(aws, seen)
        if open_:
            time.sleep(poll_s)
    return ends, are_done
