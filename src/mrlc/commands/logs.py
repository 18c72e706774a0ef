"""`mrlc logs`: what a job prints, to its end with -f."""

from __future__ import annotations

import argparse

from mrlc.following import followed, print_new
from mrlc.jobs import add_poll, add_runs, looked_at, one_recorded, tidied


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", help="job, plan folder or experiment")
    parser.add_argument(
        "-f",
        "--follow",
        action="store_true",
        help="until it ends; exit 1 unless it did all it was sent for",
    )
    add_poll(parser)
    add_runs(parser)


def run(args: argparse.Namespace) -> int:
    """Print the log; followed, the exit code is the job's outcome."""
    from mrlc.runtime.sagemaker.logs import Tail

    record = one_recorded(args.name, args.runs)
    if not args.follow:
        aws, _ = looked_at(record)
        print_new(Tail(aws, record.job))
        return 0
    aws, seen, is_done = followed(record, args.poll)
    tidied(aws, record, seen)
    return 0 if is_done else 1
