"""`mrlc status`: how submitted jobs stand."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mrlc.jobs import add_runs, all_looked_at, all_tidied, ran_s, recorded, stopped_by
from mrlc.tables import Block, Lines, Table, print_blocks

if TYPE_CHECKING:
    from mrlc.runtime.sagemaker.jobs import Seen
    from mrlc.runtime.sagemaker.records import Record

METRICS = {"step": "step", "rollout/reward/mean": "reward", "eval/score/mean": "eval"}
"""Metrics worth a column, and their short names."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="job, plan folder, sweep or experiment; default: all that were sent from here",
    )
    parser.add_argument("-f", "--format", choices=("human", "json"), default="human")
    add_runs(parser)


def run(args: argparse.Namespace) -> int:
    """Show each job; 0 whatever their state."""
    found = _looked(recorded(args.names, args.runs), args.runs)
    if args.format == "json":
        print(json.dumps([_described(*one) for one in found], indent=2, ensure_ascii=False))
    elif found:
        print_blocks(_blocks(found), sys.stdout)
    else:
        print("no job was sent from here", file=sys.stderr)
    return 0


class _Looked(NamedTuple):
    record: Record
    seen: Seen
    stopped: str | None
    """The sentence about the alert that ended it."""


def _looked(records: list[Record], runs: Path) -> list[_Looked]:
    """Each job as it stands; of one that was seen to have ended, as it was kept then."""
    from mrlc.runtime.sagemaker.looking import Ended, keep, kept

    known = {one.job: ended for one in records if (ended := kept(runs / one.job))}

    def is_known(seen: Seen) -> bool:
        return seen.name in known and known[seen.name].is_of(seen)

    found = all_looked_at(records, is_known)
    jobs = [(aws, one, seen) for one, (aws, seen) in zip(records, found, strict=True)]
    old = {one.job: known[one.job] for _, one, seen in jobs if is_known(seen)}
    tidy = {name for name, ended in old.items() if ended.is_tidy}
    tidy |= all_tidied(one for one in jobs if one[1].job not in tidy)
    looked = []
    for aws, record, seen in jobs:
        its = old.get(record.job) or Ended(seen, stopped_by(aws, seen), is_tidy=False)
        if seen.has_ended and (record.job not in old or (record.job in tidy) != its.is_tidy):
            keep(runs / record.job, replace(its, is_tidy=record.job in tidy))
        looked.append(_Looked(record, its.seen, its.stopped_by))
    return looked


def _blocks(jobs: list[_Looked]) -> list[Block]:
    columns = ("job", "status", *METRICS.values(), "trained", "paid")
    rows = tuple(_row(seen, stopped) for _, seen, stopped in jobs)
    told = ((seen.name, stopped or seen.answer.get("FailureReason")) for _, seen, stopped in jobs)
    reasons = (f"{name}: {why}" for name, why in told if why)
    return [Table("jobs", columns, rows), Lines(tuple(reasons))]


def _row(seen: Seen, stopped: str | None) -> tuple[str, ...]:
    metrics = seen.metrics
    status, secondary = seen.status, seen.answer.get("SecondaryStatus", seen.status)
    figures = (metrics.get(name) for name in METRICS)
    more = stopped.partition(":")[0] if stopped else "" if secondary == status else secondary
    return (
        seen.name,
        f"{status}, {more}" if more else status,
        *("" if value is None else f"{value:.4g}" for value in figures),
        _duration(ran_s(seen.answer)),
        _duration(seen.answer.get("BillableTimeInSeconds")),
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _described(record: Record, seen: Seen, stopped: str | None) -> dict[str, Any]:
    answer = seen.answer
    return {
        "job": seen.name,
        "name": seen.name,
        "arn": seen.arn,
        "url": seen.url,
        "region": record.region,
        "plan": record.plan,
        "semantic": record.semantic,
        "status": seen.status,
        "secondary": answer.get("SecondaryStatus"),
        "failure": answer.get("FailureReason"),
        "stopped_by": stopped,
        "metrics": seen.metrics,
        "trained_s": ran_s(answer),
        "paid_s": answer.get("BillableTimeInSeconds"),
        "usd_at_most": record.usd_at_most,
        "usd_basis": record.usd_basis,
        "folder": str(Path("runs") / seen.name),
    }
