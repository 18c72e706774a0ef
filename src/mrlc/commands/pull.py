"""`mrlc pull`: fetch what a job has left, the model first."""

from __future__ import annotations

import argparse
from pathlib import Path

from mrlc.arguments import whole_number
from mrlc.error_handler import RemoteFault
from mrlc.fetching import LIMIT_GB, fetch
from mrlc.jobs import add_runs, looked_at, one_recorded, tidied


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", help="job, plan folder or experiment")
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="folder to fill; default: runs/<job>"
    )
    parser.add_argument(
        "--limit-gb",
        type=whole_number(1),
        default=LIMIT_GB,
        metavar="N",
        help=f"most that an archive may hold; default {LIMIT_GB}",
    )
    add_runs(parser)


def run(args: argparse.Namespace) -> int:
    """Fetch and unpack; each part appears whole, in place of the one before."""
    record = one_recorded(args.name, args.runs)
    aws, seen = looked_at(record)
    tidied(aws, record, seen)
    if not seen.has_ended:
        raise RemoteFault(
            f"{record.job} is {seen.status}: a job leaves its results when it ends; "
            f"mrlc logs -f {record.job} waits for it"
        )
    folder = args.to or args.runs / record.job
    fetch(aws, seen, folder, plan=record.plan, limit_gb=args.limit_gb)
    return 0
