"""`mrlc run`: execute a plan on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING

from mrlc.arguments import whole_number
from mrlc.error_handler import UsageFault
from mrlc.located import located
from mrlc.runtime.seeds import DEFAULT_SEED
from mrlc.tables import print_blocks

if TYPE_CHECKING:
    from mrlc.runtime.run import Verdict

FULL_DISK = 1 << 20
"""Bytes; with fewer free, a write has failed for lack of room."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("plan", nargs="?", type=Path, help="plan folder, such as build/quickstart")
    parser.add_argument(
        "--seed", type=whole_number(0), default=None, help=f"default {DEFAULT_SEED}"
    )
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with an interrupted run")
    parser.add_argument(
        "--chaos",
        type=_share,
        metavar="SHARE",
        help=(
            "make this share of tool calls hang, crash or return garbage, as 0.2, to see that the "
            "run survives it; the plan's gates must be earned, as for any run"
        ),
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="default runs/")
    parser.add_argument(
        "--gates", type=Path, default=Path("gates"), metavar="DIR", help="evidence; default gates/"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one JSON line")


def run(arguments: argparse.Namespace) -> int:
    """Run or resume.

    Exit 1 for a plan that cannot run, located, for a run that an alert has stopped, and for one with
    chaos whose books do not balance; 6 for a plan that is not earned.
    """
    if (arguments.plan is None) == (arguments.resume is None):
        print("mrlc run: give a plan folder, or --resume RUN", file=sys.stderr)
        return 2
    if arguments.resume is not None and arguments.seed is not None:
        print("mrlc run: a resumed run keeps its own seed; drop --seed", file=sys.stderr)
        return 2
    if arguments.resume is not None and arguments.chaos is not None:
        print("mrlc run: a resumed run keeps its own chaos; drop --chaos", file=sys.stderr)
        return 2
    folder = arguments.plan or arguments.resume / "plan"
    verdict = located(lambda: _execute(arguments), folder)
    if arguments.json:
        print(json.dumps(verdict.as_json()))
    else:
        _print_verdict(verdict)
    is_lost = bool(verdict.chaos) and not verdict.balances
    return 1 if is_lost or verdict.ending is not None else 0


def _execute(arguments: argparse.Namespace) -> Verdict:
    from mrlc.runtime.errors import CodeFailed
    from mrlc.runtime.gates.door import open_door
    from mrlc.runtime.progress import progress_for
    from mrlc.runtime.record import create_run, open_run
    from mrlc.runtime.run import configure_torch, execute, quiet_libraries
    from mrlc.runtime.setup import load_plan, prepare

    quiet_libraries()
    if arguments.resume is not None:
        folder = open_run(arguments.resume)
        plan_folder, seed, chaos = folder.plan, folder.seed(), folder.chaos()
    else:
        plan_folder = arguments.plan
        seed = DEFAULT_SEED if arguments.seed is None else arguments.seed
    plan = load_plan(plan_folder)
    if arguments.resume is None:
        open_door(plan, plan_folder, arguments.gates)
        chaos = plan.experiment.rollout.chaos if arguments.chaos is None else arguments.chaos
    configure_torch(plan.experiment)
    setup = prepare(plan, plan_folder, seed=seed, chaos=chaos)
    if arguments.resume is None:
        tiers = setup.environment.tiers
        folder = create_run(
            arguments.runs, plan_folder, plan, seed=seed, isolation=tiers, chaos=chaos
        )
    print(f"run {folder.path}", file=sys.stderr)
    if folder.chaos():
        print(_warned(folder.chaos(), plan.experiment.turns.tool_timeout_s), file=sys.stderr)
    try:
        return execute(setup, folder, progress_for(sys.stderr))
    except (KeyboardInterrupt, CodeFailed):
        print(f"go on with: mrlc run --resume {folder.path}", file=sys.stderr)
        raise
    except Exception as error:  # each library has its own words for a write that fails
        if disk_usage(folder.path).free < FULL_DISK:
            help = f"make room, then go on with: mrlc run --resume {folder.path}"
            raise UsageFault(f"the disk of {folder.path} is full; {help}") from error
        raise


def _warned(chaos: float, timeout_s: float) -> str:
    """What a run with chaos says before it begins."""
    return (
        f"with chaos {chaos:g}: {chaos:.0%} of tool calls are made to hang, crash or return garbage; "
        f"one that hangs takes {timeout_s:g} s (turns.tool_timeout_s)"
    )


def _print_verdict(verdict: Verdict) -> None:
    from mrlc import books
    from mrlc.evaluations import blocks

    results = [("base", verdict.base), ("trained", verdict.trained)]
    names = {"before": "base", "after": "trained"}
    comparisons = [names | verdict.comparison.as_json()] if verdict.comparison else []
    title = "held-out tasks, base against trained"
    print_blocks(blocks(title, results, comparisons), sys.stdout)
    if verdict.chaos or not all(one.is_lossless for one in verdict.books.values()):
        print_blocks(books.blocks(verdict.books), sys.stdout)
    if verdict.chaos:
        print(
            f"with chaos {verdict.chaos:g}: {verdict.chaos:.0%} of tool calls were made to fail; "
            "these figures are evidence of how faults are dealt with, and of nothing else"
        )
    for name, what in _FILES.items():
        file = verdict.run / name
        if file.is_dir() or file.stat().st_size:  # an empty log says nothing
            print(f"{what:<28}{file}")
    if verdict.says:
        print(verdict.says)


_FILES = {
    "evaluation.json": "evaluation",
    "accounts.json": "what became of each episode",
    "metrics.jsonl": "metrics, a row a step",
    "trajectories.jsonl": "trajectories, a row each",
    "alerts.jsonl": "alerts, a row each",
    "checkpoints": "checkpoints",
    "model": "trained model",
}


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"expected a share from 0 to 1, found {text!r}")
    return share
