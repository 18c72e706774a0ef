"""`mrlc stop`: end a job early; it writes a checkpoint and what it has learnt."""

from __future__ import annotations

import argparse

from mrlc.jobs import add_runs, looked_at, one_recorded, say, tidied


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", help="job, plan folder or experiment")
    add_runs(parser)


def run(args: argparse.Namespace) -> int:
    """Ask the job to stop; 0 as well where it has ended."""
    from mrlc.runtime.sagemaker.jobs import stop

    record = one_recorded(args.name, args.runs)
    aws, seen = looked_at(record)
    if stop(aws, seen):
        say("it has 120 s for a checkpoint; follow it with: mrlc logs -f " + record.job)
        print(f"{record.job}  stopping")
        return 0
    tidied(aws, record, seen)
    print(f"{record.job}  {seen.status}")
    return 0
