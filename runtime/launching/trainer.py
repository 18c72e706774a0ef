"""A trainer process: `python -m mrlc.runtime.launching.trainer RUN STAGE`.

It goes on with the run in the folder. The first of a team prints a line a step on stdout, where
SageMaker reads metrics. A failure goes to the file that process 1 named, and to the log with its
traceback; process 1 decides what becomes of it.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.launching.children import MESSAGE
from mrlc.runtime.launching.failure import failure_of, write_failure
from mrlc.runtime.launching.references import resolve
from mrlc.runtime.log_line import alert_metrics, log_line
from mrlc.runtime.progress import Phase, PlainProgress
from mrlc.runtime.stopping import Stop
from mrlc.runtime.team import Team
from mrlc.schemas import Experiment
from mrlc.schemas.algorithm import Algorithm


class LoggedProgress(PlainProgress):
    """A line for each step of the training on stdout; the other phases as people expect them."""

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Print as the phase goes on."""
        with super().phase(name) as phase:
            yield _LoggedPhase(phase) if name == "training" else phase


class _LoggedPhase:
    def __init__(self, plain: Phase) -> None:
        self._plain = plain

    def step(self, step: int, total: int, metrics: Mapping[str, float]) -> None:
        """Print the metrics of a step, at once: a log that waits in a buffer is lost in a crash."""
        print(log_line({"step": step} | dict(metrics)), flush=True)

    def alert(self, firings: Sequence[Firing]) -> None:
        """Print a block each for people, and a line for the metrics that alarms watch."""
        self._plain.alert(firings)
        print(log_line({"step": firings[0].step} | alert_metrics(firings)), flush=True)


def main(arguments: list[str]) -> int:
    """Do a stage of a run; the exit code."""
    stop = Stop()
    stop.listen()
    secrets: dict[str, str] = {}
    try:
        secrets |= resolve(os.environ)
        os.environ.update(secrets)
        _stage(Path(arguments[0]), arguments[1], stop)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the user must be told
        traceback.print_exc()
        failure = failure_of(error, Path(arguments[0]) / "plan")
        write_failure(Path(os.environ[MESSAGE]), failure.message, secrets.values())
        return failure.code
    return 0


def _stage(folder: Path, stage: str, stop: Stop) -> None:
    from mrlc.runtime.record import open_run
    from mrlc.runtime.run import configure_torch, execute, quiet_libraries, start, train_together
    from mrlc.runtime.setup import load_plan, prepare
    from mrlc.runtime.team import join

    quiet_libraries()
    run = open_run(folder)
    plan = load_plan(run.plan)
    configure_torch(plan.experiment)
    setup = prepare(plan, run.plan, seed=run.seed(), chaos=run.chaos())
    progress = LoggedProgress(sys.stderr)
    if stage != "whole":
        _check_distribution(setup.experiment)
    if stage == "train":
        team = join()
        _check_share(setup.experiment.algorithm, team)
        train_together(setup, run, progress, team=team, stop=stop)
    elif stage == "base":
        start(setup, run, progress, stop=stop)
    else:
        execute(setup, run, progress, stop=stop)


def _check_share(section: Algorithm, team: Team) -> None:
    """Every process takes as many episodes of a step."""
    episodes = section.prompts_per_step * section.group_size
    if episodes % team.size:
        shown = f"{section.prompts_per_step} × {section.group_size} episodes a step"
        message = f"{shown} cannot be dealt out to {team.size} processes"
        help = f"a multiple of {team.size} always can"
        raise PlanFault("algorithm.prompts_per_step", message, help=help)


def _check_distribution(experiment: Experiment) -> None:
    """What the trainers share can be shared here; known before the base model is paid for."""
    import torch

    job = experiment.target.sagemaker
    named = job.distribution.named if job else None
    if named is not None and not torch.cuda.is_available():
        # Accelerate would copy the model to each without a word.
        message = f"`{named}` shares GPUs' memory, and this host has no GPU"
        raise PlanFault("target.sagemaker.distribution", message)
    if named == "deepspeed" and find_spec("deepspeed") is None:
        raise ModuleNotFoundError("No module named 'deepspeed'", name="deepspeed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
