"""`mrlc check`: all that `compile` checks, and nothing written."""

from __future__ import annotations

import argparse
from typing import Any

from mrlc import specs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    specs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Check; a line for each spec without faults."""
    chosen = specs.chosen(args)

    def work() -> list[dict[str, Any]]:
        return [specs.summary(plan, None) for plan in specs.compile_all(chosen, args.overrides)]

    return specs.report(args, work)
