"""The optimisation of the reward: TRL's GRPOTrainer, around our episodes or its own.

TRL keeps what it does well: the order of the data, losses, advantages, checkpoints,
adapters. `algorithm.engine` says whose episodes it trains on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mrlc.runtime.alerts.ending import keep
from mrlc.runtime.alerts.sentry import OnFirings, Sentry, unheard
from mrlc.runtime.base import load
from mrlc.runtime.record import RunFolder
from mrlc.runtime.setup import Setup
from mrlc.runtime.stopping import NEVER, Stop
from mrlc.runtime.team import ALONE, Team
from mrlc.runtime.train.checkpoints import (
    log_sizes_at,
    marking_callback,
    newest_before,
    newest_checkpoint,
    resume,
    step_of,
)
from mrlc.runtime.train.loop import Loop
from mrlc.runtime.train.rollouts import rollouts_loop
from mrlc.runtime.train.stock import stock_loop

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainerCallback

OnStep = Callable[[int, dict[str, float]], None]
"""Called after each optimiser step with its number and metrics."""
OnEvaluate = Callable[[int, "PreTrainedModel"], dict[str, float]]
"""Evaluates the policy at a step; returns metrics."""
ENGINES = {"mrlc": rollouts_loop, "stock": stock_loop}

TRAINER_METRICS = {
    "loss": "train/loss",
    "grad_norm": "train/grad_norm",
    "learning_rate": "train/learning_rate",
    "entropy": "train/entropy",
    "kl": "train/kl",
    "clip_ratio/region_mean": "train/clip_ratio",
    "completions/mean_length": "rollout/tokens/response_mean",
}
"""TRL's names of what it alone knows → ours."""


def train(
    setup: Setup,
    run: RunFolder,
    model: PreTrainedModel,
    *,
    on_step: OnStep,
    on_evaluate: OnEvaluate,
    on_firings: OnFirings = unheard,
    team: Team = ALONE,
    stop: Stop = NEVER,
) -> PreTrainedModel:
    """Optimise the reward; resumes from the newest complete checkpoint.

    A rule that fires may end it early, and then `stopped.json` says what is returned.
    """
    from transformers import PrinterCallback

    size = getattr(model.config, "hidden_size", None)
    sentry = Sentry(setup.experiment, run, hidden_size=size, team=team, on_firings=on_firings)
    loop = ENGINES[setup.experiment.algorithm.engine](setup, run, model)
    trainer = loop.trainer
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(stop.callback(team))
    trainer.add_callback(sentry.saving_callback())
    trainer.add_callback(marking_callback(run, team))
    trainer.add_callback(_step_callback(setup, run, loop, on_step, on_evaluate, sentry))
    with stop.at_boundaries():
        _fit(trainer, run, team, sentry)
    if sentry.has_ended() and not _end(trainer, run, team, sentry):
        return load(setup, run.base)
    trained = trainer.accelerator.unwrap_model(trainer.model)
    return trained.merge_and_unload() if setup.experiment.model.lora else trained


def _fit(trainer: Any, run: RunFolder, team: Team, sentry: Sentry) -> None:
    """Train from the first's newest complete checkpoint, with its logs cut back to it."""
    checkpoint = None
    if team.is_first:
        checkpoint = newest_checkpoint(run.checkpoints)
        if checkpoint is None:
            run.enter("training")
        else:
            run.cut_logs(log_sizes_at(checkpoint))
            sentry.restore(checkpoint)
    name = team.word(checkpoint.name if checkpoint else None)
    if name is not None:
        team.share(run.checkpoints / name)
    found = run.checkpoints / name if name else None
    resume(trainer, found, is_over=sentry.has_ended())


def _end(trainer: Any, run: RunFolder, team: Team, sentry: Sentry) -> bool:
    """Leave the weights that an ended training comes to; false where those are the base model's."""
    step = 0
    if team.is_first:
        assert sentry.ending is not None
        step = sentry.ending.step
        if sentry.ending.rolls_back:
            good = newest_before(run.checkpoints, sentry.ending.since)
            step = step_of(good) if good else 0
        keep(run, replace(sentry.ending, model_step=step))
    rolls_back, step = team.word((sentry.ending is not None and sentry.ending.rolls_back, step))
    if rolls_back and step:
        good = run.checkpoints / f"checkpoint-{step}"
        team.share(good)
        trainer._load_from_checkpoint(str(good))
    return step > 0


def _step_callback(
    setup: Setup,
    run: RunFolder,
    loop: Loop,
    on_step: OnStep,
    on_evaluate: OnEvaluate,
    sentry: Sentry,
) -> TrainerCallback:
    """A callback that writes each step's metrics, evaluates every so many, and hears the alerts."""
    from transformers import TrainerCallback

    every = setup.experiment.evaluation.every_steps

    class Step(TrainerCallback):  # type: ignore[misc] # transformers is untyped
        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.started = time.monotonic()

        def on_log(
            self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any
        ) -> None:
            if not logs or "loss" not in logs:
                return
            if state.is_world_process_zero:
                self.look(state, logs, kwargs["model"])
            if sentry.must_end():
                control.should_save = control.should_training_stop = True

        def look(self, state: Any, logs: Any, model: Any) -> None:
            known = {ours: logs[name] for name, ours in TRAINER_METRICS.items() if name in logs}
            metrics = loop.metrics() | known | {"time/step_s": time.monotonic() - self.started}
            if state.global_step % every == 0 and state.global_step < state.max_steps:
                metrics |= on_evaluate(state.global_step, model)
            run.append_metrics({"step": state.global_step} | metrics)
            on_step(state.global_step, metrics)
            sentry.observe(state.global_step, metrics)

    return Step()
