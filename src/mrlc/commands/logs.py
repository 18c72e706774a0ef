"""`mrlc logs`: what a job prints, to its end with -f."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from mrlc.jobs import add_poll, add_runs, looked_at, one_recorded, outcome, say, tidied

if TYPE_CHECKING:
    from mrlc.runtime.sagemaker.logs import Tail


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
    aws, seen = looked_at(record)
    tail = Tail(aws, record.job)
    while True:
        _print(tail)
        if not args.follow:
            return 0
        if seen.has_ended:
            break
        time.sleep(args.poll)
        # Looked at before the log is read, so that what was printed last is read after the end.
        aws, seen = looked_at(record)
    tidied(aws, record, seen)
    how, is_done = outcome(aws, seen)
    say(f"{record.job}: {how}")
    return 0 if is_done else 1


def _print(tail: Tail) -> None:
    """New lines, with their container where there are several; what is invisible as an escape."""
    from mrlc.compiler.render.text import visible

    lines = tail.read()
    for line in lines:
        host = f"{line.host}  " if tail.hosts > 1 else ""
        print(f"{host}{visible(line.text.rstrip())}")
    if lines:
        print(end="", flush=True)
