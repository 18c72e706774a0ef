"""`mrlc compile`: specs to plans. All of them, or none if one has a fault."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mrlc import specs
from mrlc.compiler import Compiled, Swept, write_plan, write_sweep
from mrlc.compiler.current import outdated
from mrlc.compiler.diagnostics import fail_on
from mrlc.error_handler import UsageFault


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    specs.add_arguments(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build"),
        metavar="DIR",
        help="where plans go; default: build",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail where the plans on disk are not those of the specs",
    )


def run(args: argparse.Namespace) -> int:
    """Compile; a line for each plan."""
    chosen = specs.chosen(args)

    def work() -> list[dict[str, Any]]:
        plans = specs.compile_all(chosen, args.overrides)
        if args.check:
            fail_on(fault for plan in plans for fault in outdated(plan, args.out))
            return [specs.summary(plan, args.out / plan.name) for plan in plans]
        return [specs.summary(plan, _write(plan, args.out)) for plan in plans]

    return specs.report(args, work)


def _write(plan: Compiled | Swept, out: Path) -> Path:
    try:
        return write_sweep(plan, out) if isinstance(plan, Swept) else write_plan(plan, out)
    except OSError as error:
        where = error.filename or out
        raise UsageFault(
            f"cannot write {where}: {(error.strerror or str(error)).lower()}"
        ) from None
