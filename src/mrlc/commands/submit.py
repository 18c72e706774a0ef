"""`mrlc submit`: send compiled jobs to SageMaker, each once."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.error_handler import UsageFault
from mrlc.jobs import (
    add_poll,
    add_runs,
    job_of,
    looked_at,
    outcome,
    say,
    services,
    tidied,
    with_place,
)
from mrlc.located import located
from mrlc.plans import plan_folders
from mrlc.tables import Lines, Table, print_blocks

if TYPE_CHECKING:
    from mrlc.compiler.targets.prices import Ceiling
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
        type=_count,
        metavar="N",
        help="send the next only while fewer of mrlc's jobs are in progress in the region",
    )
    parser.add_argument(
        "--wait", action="store_true", help="until all have ended; exit 1 unless all completed"
    )
    parser.add_argument(
        "--gates", type=Path, default=Path("gates"), metavar="DIR", help="evidence; default gates/"
    )
    add_poll(parser)
    add_runs(parser)


def run(args: argparse.Namespace) -> int:
    """Send what is not there yet; 0 where every job is there, however it came there."""
    ready = [_ready(folder, args.gates) for folder in _chosen(args.plans)]
    if args.dry_run:
        print(json.dumps([_requests(one) for one in ready], indent=2, ensure_ascii=False))
        return 0
    for one in ready:
        located(partial(_look, one, is_again=args.again), one.job.folder)
    waiting = [one for one in ready if one.seen is None]
    if waiting and not _agreed(waiting, is_yes=args.yes):
        say("nothing is sent")
        return DECLINED
    records = _Sender(args).all(ready)
    return _awaited(records, args.poll) if args.wait else 0


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


def _ready(folder: Path, gates: Path) -> _Ready:
    from mrlc.runtime.gates.door import open_door

    plan, job = job_of(folder)
    located(lambda: open_door(plan, folder, gates), folder)
    return _Ready(plan, job)


def _requests(one: _Ready) -> dict[str, Any]:
    from mrlc.runtime.sagemaker.jobs import requests

    made = located(lambda: requests(one.job), one.job.folder)
    return {"job": one.job.name, "region": one.job.region, "requests": made}


def _look(one: _Ready, *, is_again: bool) -> None:
    """Ask whether the job is there; for a further attempt, make that the job to send."""
    from mrlc.runtime.sagemaker.jobs import existing, newest, next_attempt
    from mrlc.runtime.sagemaker.records import of_job

    aws = services(one.job.region)
    one.seen = existing(aws, one.job)
    if one.seen is None or one.seen.status not in ENDED_EARLY:
        return
    last, seen = newest(aws, one.job)
    tidied(aws, of_job(last), seen)
    if seen.status in ENDED_EARLY and is_again:
        one.job, one.seen = next_attempt(one.job, last), None
        return
    one.job, one.seen = last, seen
    if seen.status in ENDED_EARLY:
        say(f"{last.name} is {seen.status}; --again makes a new attempt from its checkpoints")


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
        self.sent: list[Record] = []

    def all(self, ready: Sequence[_Ready]) -> list[Record]:
        """Send those that are not there; the records of all."""
        return [self.one(each) for each in ready]

    def one(self, each: _Ready) -> Record:
        from mrlc.runtime.sagemaker.records import of_job, write_record

        if each.seen is None:
            self.queue(each.job)
        aws = services(each.job.region)
        arn = each.seen.arn if each.seen else self.send(each)
        record = of_job(each.job, region=aws.region, arn=arn)
        folder = write_record(self.runs, record)
        what = f"is there already, {each.seen.status}" if each.seen else "sent"
        print(f"{record.job}  {what}  {folder}", flush=True)
        if each.seen is None:
            self.sent.append(record)
        return record

    def send(self, each: _Ready) -> str:
        from mrlc.runtime.sagemaker.jobs import send

        plan, job = each.plan, each.job

        def work() -> str:
            return send(services(job.region), job, say)

        return located(lambda: with_place(plan, job, work), job.folder)

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


def _awaited(records: Sequence[Record], poll_s: float) -> int:
    """Look until all have ended; 0 where all have done what they were sent for."""
    open_, are_done = {record.job: record for record in records}, list[bool]()
    while open_:
        for name, record in list(open_.items()):
            aws, seen = looked_at(record)
            if seen.has_ended:
                del open_[name]
                tidied(aws, record, seen)
                how, is_done = outcome(aws, seen)
                are_done.append(is_done)
                say(f"{name}: {how}")
        if open_:
            time.sleep(poll_s)
    return 0 if all(are_done) else 1


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)
