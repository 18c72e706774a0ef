"""`mrlc evaluate`: measure any weights as a plan does, or score stored episodes anew."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.arguments import whole_number
from mrlc.error_handler import UsageFault
from mrlc.located import located
from mrlc.tables import Block, markdown, print_blocks

if TYPE_CHECKING:
    from mrlc.runtime.record import RunFolder
    from mrlc.runtime.weights import Weights
    from mrlc.schemas import Plan

Record = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "source",
        nargs="?",
        type=Path,
        metavar="RUN|PLAN",
        help="a run, such as runs/desk-…-s1; or a plan folder, with --model",
    )
    parser.add_argument(
        "--checkpoint",
        action="append",
        metavar="base|model|STEP|DIR",
        help="weights to evaluate, several side by side; default: base and model",
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="a model folder, for a plan")
    parser.add_argument(
        "--split", choices=("train", "validation", "test"), help="tasks to use; default: test"
    )
    parser.add_argument(
        "--samples",
        type=whole_number(0),
        metavar="N",
        help="sampled episodes a task, for pass@k up to N; 0: greedy",
    )
    parser.add_argument(
        "--reference", action="store_true", help="the plan's `evaluation.reference` too"
    )
    parser.add_argument(
        "--limit", type=whole_number(1), metavar="N", help="the first N tasks alone"
    )
    parser.add_argument("--seed", type=whole_number(0), help="default: the run's own; of a plan 1")
    parser.add_argument(
        "--rescore", type=Path, metavar="RUN", help="score a run's stored episodes, by --plan"
    )
    parser.add_argument("--plan", type=Path, metavar="DIR", help="whose reward and scorer to apply")
    parser.add_argument(
        "-f",
        "--format",
        choices=("human", "json", "markdown"),
        default="human",
        help="form of the output",
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate or rescore; the record goes to the run's evaluations/ too."""
    _check(args)
    return _rescore(args) if args.rescore else _evaluate(args)


def _check(args: argparse.Namespace) -> None:
    """Options that contradict each other.

    Raises:
        UsageFault: there are some.
    """
    playing = ("source", "checkpoint", "model", "split", "samples", "limit", "seed")
    if args.rescore is not None:
        if args.plan is None:
            raise UsageFault("--rescore needs --plan: the folder with the new reward or scorer")
        if args.reference or any(getattr(args, name) is not None for name in playing):
            raise UsageFault("--rescore plays no episode: it goes with --plan and -f alone")
    elif args.plan is not None:
        raise UsageFault("--plan goes with --rescore RUN")
    elif args.source is None:
        raise UsageFault("give a run, a plan folder with --model, or --rescore RUN --plan DIR")
    elif args.model is not None and args.checkpoint:
        raise UsageFault("--model goes with a plan, --checkpoint with a run: a folder is either")
    elif args.model is not None and (args.source / "run.json").is_file():
        raise UsageFault(f"{args.source} is a run: name the folder by --checkpoint {args.model}")
    elif args.model is None and (args.source / "plan.json").is_file():
        raise UsageFault(f"{args.source} is a plan without weights: add --model DIR")


def _evaluate(args: argparse.Namespace) -> int:
    from mrlc.evaluations import blocks, counted

    folder = args.source if args.model else args.source / "plan"
    record = located(lambda: _measured(args), folder)
    question, results = record["question"], record["results"]
    tasks = f"{counted(results[0]['tasks'], 'task')} of {question['split']}"

    def shown() -> Sequence[Block]:
        pairs = [(result["name"], result) for result in results]
        return [*blocks(f"{tasks}, seed {question['seed']}", pairs, record["comparisons"])]

    _show(record, shown, args.format)
    return 0


def _measured(args: argparse.Namespace) -> Record:
    from mrlc.runtime.evaluations import Question, evaluate_weights, file_name
    from mrlc.runtime.progress import progress_for
    from mrlc.runtime.record import open_run
    from mrlc.runtime.run import configure_torch, quiet_libraries
    from mrlc.runtime.setup import load_plan
    from mrlc.runtime.weights import of_folder

    quiet_libraries()
    run = None if args.model else open_run(args.source)
    folder, own_seed = (run.plan, run.seed()) if run else (args.source, 1)
    plan = load_plan(folder)
    weights = _weights(run, args.checkpoint) if run else [of_folder(args.model)]
    seed = own_seed if args.seed is None else args.seed
    question = Question(args.split or "test", seed, args.limit, args.samples, args.reference)
    configure_torch(plan.experiment)
    record = evaluate_weights(
        plan,
        folder,
        weights,
        question,
        progress_for(sys.stderr),
        kept=run.endpoints if run else None,
    )
    if run:
        _keep(run, file_name(record), record)
    return record


def _weights(run: RunFolder, names: Sequence[str] | None) -> list[Weights]:
    """Those named, each once; else what the run has of base and trained model."""
    from mrlc.runtime.weights import finished, of_run

    wanted = dict.fromkeys(names or finished(run) or ["base"])
    return [of_run(run, name) for name in wanted]


def _rescore(args: argparse.Namespace) -> int:
    from mrlc.rescored import blocks
    from mrlc.runtime.record import open_run
    from mrlc.runtime.rescore import FORMAT, rescore
    from mrlc.runtime.setup import load_plan

    def work() -> Record:
        run, plan = open_run(args.rescore), load_plan(args.plan)
        found = {"format": FORMAT, "plan": plan.digests.semantic}
        record = found | rescore(run, args.plan).as_json()
        _keep(run, _rescored_name(plan), record)
        return record

    record = located(work, args.plan)
    _show(record, lambda: [*blocks(record)], args.format)
    return 0


def _rescored_name(plan: Plan) -> str:
    return f"rescored-{plan.experiment.name}-{plan.digests.semantic[:10]}.json"


def _keep(run: RunFolder, name: str, record: Record) -> None:
    """Write the record under the run; said on stderr.

    Raises:
        UsageFault: the run's folder cannot be written.
    """
    from mrlc.runtime.files import write_json

    try:
        run.evaluations.mkdir(exist_ok=True)
        write_json(run.evaluations / name, record)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageFault(f"cannot write {run.evaluations / name}: {reason}") from None
    print(f"wrote {run.evaluations / name}", file=sys.stderr)


def _show(record: Record, blocks: Callable[[], Sequence[Block]], form: str) -> None:
    if form == "json":
        print(json.dumps(record, ensure_ascii=False))
    elif form == "markdown":
        sys.stdout.write(markdown(blocks()))
    else:
        print_blocks(blocks(), sys.stdout)
