"""`mrlc report`: what a run's records say, without playing an episode."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import chain
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
    from mrlc import alerts, books
    from mrlc.runtime.accounts import kept
    from mrlc.runtime.alerts.replay import replay
    from mrlc.runtime.record import open_run

    folder = args.plan or args.run / "plan"
    found = located(lambda: replay(open_run(args.run), folder), folder).as_json()
    accounts = kept(open_run(args.run))
    if args.format == "json":
        accounted = {phase: one.as_json() for phase, one in accounts.items()}
        print(json.dumps(found | {"accounts": accounted or None}, ensure_ascii=False))
        return 0
    blocks = chain(alerts.blocks(found), books.blocks(accounts) if accounts else ())
    if args.format == "markdown":
        sys.stdout.write(markdown(blocks))
    else:
        print_blocks(blocks, sys.stdout)
    return 0
