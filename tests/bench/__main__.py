"""`make bench`: what things cost, as ratios from one run on one machine.

Absolute times depend on the machine and its load; the ratios are what the README quotes.
CPU time is measured, not wall time, but where tools are waited for (`rollouts.clock`).
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from bad_requests import main as measure_requests
from compile import main as measure_sweeps
from rollouts import run as measure_rollouts
from sandbox import main as measure_sandboxes

from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.record import RunFolder, create_run
from mrlc.runtime.run import configure_torch, execute, quiet_libraries
from mrlc.runtime.setup import load_plan, prepare

QUICKSTART = Path(__file__).parents[2] / "specs" / "quickstart.yaml"
STEPS = 8
WARM = 2
"""First steps left out of the mean: they fill caches."""
REPEATS = 11
SETTINGS = ("warm_start.steps=300", f"algorithm.steps={STEPS}", "evaluation.every_steps=1000")


class Timer:
    """Progress that notes the CPU time at each training step."""

    def __init__(self) -> None:
        self.marks: list[float] = []

    def phase(self, name: str) -> Any:
        phase = type("Phase", (), {})()
        phase.step = lambda *_: name == "training" and self.marks.append(time.process_time())
        return nullcontext(phase)


def step_cost(folder: Path, engine: str, base: Path | None) -> tuple[float, RunFolder]:
    """Mean CPU seconds of a training step, and the run."""
    overrides = (*SETTINGS, f"algorithm.engine={engine}", "evaluation.pass_at=[]")
    plan_folder = write_plan(compile_spec(QUICKSTART, overrides=overrides), folder / engine)
    plan = load_plan(plan_folder)
    configure_torch(plan.experiment)
    setup = prepare(plan, plan_folder, seed=1)
    run = create_run(folder / "runs", plan_folder, plan, seed=1)
    if base is not None:
        shutil.copytree(base, run.base)
    timer = Timer()
    execute(setup, run, timer)
    steps = [b - a for a, b in zip(timer.marks, timer.marks[1:], strict=False)]
    return statistics.mean(steps[WARM:]), run


def start_up(*arguments: str) -> float:
    """Least CPU seconds of a process, of several tries."""
    costs = []
    for _ in range(REPEATS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(costs)


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    measure_sweeps()  # first: what others import would be walked by each collection of garbage
    measure_requests()
    measure_sandboxes()
    quiet_libraries()
    bare, help_ = start_up("-c", ""), start_up("-m", "mrlc", "--help")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        ours, run = step_cost(folder, "mrlc", None)
        stock, _ = step_cost(folder, "stock", run.base)
    print(f"mrlc --help / bare Python        {help_ / bare:5.1f}x   ({help_ * 1000:.0f} ms CPU)")
    print(
        f"stock step / mrlc step           {stock / ours:5.1f}x   ({stock:.2f} s / {ours:.2f} s CPU)"
    )
    from training import main as measure_training

    measure_training()
    measure_rollouts()


if __name__ == "__main__":
    main()
