"""The training step alone: forward, backward and the optimiser, on episodes that are at hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from mrlc.runtime.train.lead import own_copy

from .loops import TRAINERS
from .stage import STEPS, Stage


def step_seconds(stage: Stage, loop: str) -> float:
    """Least seconds of a step; CPU time on a CPU.

    The trainer rolls out once and is given the same batch again at each step, so what is timed is
    the rest. The first step, which rolls out, is left out.
    """
    from transformers import PrinterCallback, TrainerCallback

    trainer = TRAINERS[loop](replace(stage, model=own_copy(stage.model)))
    trainer.remove_callback(PrinterCallback)
    _keep_batch(trainer)
    clock = time.process_time if stage.model.device.type == "cpu" else time.perf_counter
    marks: list[float] = []

    class Marks(TrainerCallback):  # type: ignore[misc] # transformers is untyped
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            marks.append(clock())

    trainer.add_callback(Marks())
    trainer.train()
    assert len(marks) == STEPS
    return min(b - a for a, b in pairwise(marks))


def _keep_batch(trainer: Any) -> None:
    roll_out: Callable[[Any], Any] = trainer._generate_and_score_completions
    kept: list[Any] = []

    def once(rows: Any) -> Any:
        if not kept:
            kept.append(roll_out(rows))
        return dict(kept[0])

    trainer._generate_and_score_completions = once
