"""`mrlc compile`: specs to plans. All of them, or none if one has a fault."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mrlc import specs
from mrlc.compiler import Compiled, Swept, write_plan, write_sweep
from mrlc.compiler.current import outdated
from mrlc.compiler.diagnostics import fail_on
from mrlc.error_handler import UsageFault
from mrlc.plans import plan_folders

EXTRAS = ("modeltrainer",)


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
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail where the plans on disk are not those of the specs",
    )
    either.add_argument(
        "--emit",
        choices=EXTRAS,
        help="beside a SageMaker job: modeltrainer, a Python file that runs it through the SDK",
    )


def run(args: argparse.Namespace) -> int:
    """Compile; a line for each plan."""
    chosen = specs.chosen(args)

    def work() -> list[dict[str, Any]]:
        plans = specs.compile_all(chosen, args.overrides)
        if args.check:
            fail_on(fault for plan in plans for fault in outdated(plan, args.out))
            return [specs.summary(plan, args.out / plan.name) for plan in plans]
        folders = [_write(plan, args.out) for plan in plans]
        if args.emit:
            _emit(folders)
        return [specs.summary(*pair) for pair in zip(plans, folders, strict=True)]

    return specs.report(args, work)


def _emit(folders: Sequence[Path]) -> None:
    """Write what was asked for beside every job.

    Raises:
        UsageFault: there is no job.
    """
    from mrlc.compiler.targets import modeltrainer
    from mrlc.compiler.write import refresh

    jobs = [plan for plan in plan_folders(folders) if (plan / "estimator.json").is_file()]
    if not jobs:
        raise UsageFault("--emit modeltrainer: no spec has a target.sagemaker")
    for job in jobs:
        refresh(job / modeltrainer.FILE, modeltrainer.of_folder(job).encode())
        print(job / modeltrainer.FILE, file=sys.stderr)


def _write(plan: Compiled | Swept, out: Path) -> Path:
    try:
        return write_sweep(plan, out) if isinstance(plan, Swept) else write_plan(plan, out)
    except OSError as error:
        where = error.filename or out
        raise UsageFault(
            f"cannot write {where}: {(error.strerror or str(error)).lower()}"
        ) from None
