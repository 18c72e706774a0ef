"""`mrlc report`: what a run's records say, without playing an episode."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from mrlc.located import located
from mrlc.tables import markdown, print_blocks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("run", type=Path, metavar="RUN", help="such as runs/desk-…-s1")
    parser.add_argument(
        "--alerts",
        action="store_true",
        help="what the rules of alerts say of its metrics, and when; the one report, so the default",
    )
    parser.add_argument(
        "--plan", type=Path, metavar="DIR", help="whose rules; default: the run's own"
    )
    parser.add_argument(
        "-f",
        "--format",
        choices=("human", "json", "markdown"),
        default="human",
        help="form of the output",
    )


def run(args: argparse.Namespace) -> int:
    """Print the report."""
    from mrlc.alerts import blocks
    from mrlc.runtime.alerts.replay import replay
    from mrlc.runtime.record import open_run

    folder = args.plan or args.run / "plan"
    found = located(lambda: replay(open_run(args.run), folder), folder).as_json()
    if args.format == "json":
        print(json.dumps(found, ensure_ascii=False))
    elif args.format == "markdown":
        sys.stdout.write(markdown(blocks(found)))
    else:
        print_blocks(blocks(found), sys.stdout)
    return 0
