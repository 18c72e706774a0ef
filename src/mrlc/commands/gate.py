"""`mrlc gate`: show that environment, reward and evaluation have earned a run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from mrlc.arguments import whole_number
from mrlc.error_handler import UsageFault, colour
from mrlc.located import located
from mrlc.plans import plan_folders
from mrlc.runtime.seeds import DEFAULT_SEED

if TYPE_CHECKING:
    from mrlc.runtime.gates.case import Paid
    from mrlc.runtime.gates.earn import Report, Result
    from mrlc.schemas import Plan
    from mrlc.schemas.evidence import Shown
    from mrlc.schemas.gates import GateCode

FORMATS = ("human", "json", "markdown", "junit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "plans", nargs="*", type=Path, metavar="PLAN", help="plan folders; default: all of build/"
    )
    parser.add_argument(
        "--only",
        metavar="CODES",
        help="gates to run, such as E1,R3; the others keep their evidence",
    )
    parser.add_argument(
        "--rollouts", type=whole_number(1), help="in place of the spec's `gates.rollouts`"
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0),
        default=DEFAULT_SEED,
        help=f"default {DEFAULT_SEED}, as of mrlc run",
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="default runs/")
    parser.add_argument(
        "--gates", type=Path, default=Path("gates"), metavar="DIR", help="evidence; default gates/"
    )
    parser.add_argument(
        "-f", "--format", choices=FORMATS, default="human", help="form of the output"
    )


def run(args: argparse.Namespace) -> int:
    """Run the gates and keep their evidence; 1 where one is not passed."""
    only = _codes(args.only)
    _require_room(args.gates)
    reports = [_gated(folder, only, args) for folder in plan_folders(args.plans)]
    sys.stdout.write(_rendered(reports, args.format))
    return 0 if all(report.is_through for report in reports) else 1


def _gated(folder: Path, only: list[GateCode], args: argparse.Namespace) -> Report:
    return located(lambda: _earned(folder, only, args), folder)


def _earned(folder: Path, only: list[GateCode], args: argparse.Namespace) -> Report:
    from mrlc.runtime.gates.case import Case
    from mrlc.runtime.gates.earn import earn
    from mrlc.runtime.gates.evidence import read_evidence, write_evidence
    from mrlc.runtime.progress import progress_for
    from mrlc.runtime.run import quiet_libraries
    from mrlc.runtime.setup import load_plan

    quiet_libraries()
    plan = load_plan(folder)
    known = read_evidence(plan, args.gates)
    case = Case(
        plan=plan,
        folder=folder,
        paid=_paid(plan, folder),
        seed=args.seed,
        rollouts=args.rollouts or plan.experiment.gates.rollouts,
        runs=args.runs,
        progress=progress_for(sys.stderr),
    )
    shown: dict[GateCode, Shown] = {}

    def on_result(result: Result) -> None:
        if result.evidence is not None:
            shown[result.code] = result.evidence
        _say(f"{result.code}: {result.outcome}")

    try:
        return earn(case, only, on_result=on_result)
    finally:  # what was shown stands, whatever ends the gates behind it
        if shown:
            evidence = known.model_copy(update={"gates": {**known.gates, **shown}})
            _say(f"evidence in {write_evidence(evidence, plan, args.gates)}")


def _require_room(folder: Path) -> None:
    """Make the folder of the evidence before a gate takes its minutes.

    Raises:
        UsageFault: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageFault(f"cannot keep evidence in --gates {folder}: {reason}") from None


def _paid(plan: Plan, folder: Path) -> Paid:
    from mrlc.compiler.reward_range import reward_range, unearned
    from mrlc.runtime.gates.case import Paid
    from mrlc.runtime.tasks import load_tasks
    from mrlc.schemas.evaluation import ExactFields

    experiment, against, fields = plan.experiment, None, 1
    if isinstance(experiment.evaluation.scorer, ExactFields):
        against = experiment.evaluation.scorer.against
        tasks = load_tasks(experiment, folder / "inputs", "train")
        expected = [task.value(against) for task in tasks]
        fields = max((len(one) for one in expected if isinstance(one, dict) and one), default=1)
    bounds = reward_range(experiment.reward)
    return Paid(
        bounds.low, bounds.high, unearned(experiment.reward, against=against, fields=fields)
    )


def _codes(given: str | None) -> list[GateCode]:
    from typing import get_args

    from mrlc.compiler.suggest import did_you_mean
    from mrlc.schemas.gates import GateCode

    known: dict[str, GateCode] = {code.lower(): code for code in get_args(GateCode)}
    codes = [code.strip() for code in (given or "").split(",") if code.strip()]
    for code in codes:
        if code.lower() not in known:
            help = (
                did_you_mean(code, known.values()) or f"the gates are {', '.join(known.values())}"
            )
            raise UsageFault(f"there is no gate `{code}`; {help}")
    return [known[code.lower()] for code in codes]


def _rendered(reports: list[Report], form: str) -> str:
    from importlib import import_module

    renderer = import_module(f"mrlc.runtime.gates.render.{form}")
    options = {"colour": colour(sys.stdout)} if form == "human" else {}
    return str(renderer.render(reports, **options))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
