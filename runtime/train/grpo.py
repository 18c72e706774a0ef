"""The optimisation of the reward: TRL's GRPOTrainer, around our episodes or its own.

TRL keeps what it does well: the order of the data, losses, advantages, checkpoints,
adapters. `algorithm.engine` says whose episodes it trains on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mrlc.runtime.accounts import AHEAD, tally_ahead
from mrlc.runtime.alerts.ending import keep
from mrlc.runtime.alerts.sentry import OnFirings, Sentry, unheard
from mrlc.runtime.base import load
from mrlc.runtime.record import RunFolder
from mrlc.runtime.setup import Setup
from mrlc.runtime.stopping import NEVER, Stop
from mrlc.runtime.team import ALONE, Team
from mrlc.runtime.train.arguments import lora_config
from mrlc.runtime.train.checkpoints import (
    log_sizes_at,
    marking_callback,
    newest_before,
    newest_checkpoint,
    resume,
    step_of,
)
from mrlc.runtime.train.lead import kept_ahead
from mrlc.runtime.train.loop import Loop
from mrlc.runtime.train.rollouts import rollouts_loop
from mrlc.runtime.train.sharding import trained_model, whole_weights
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
    "cispo_clip_ratio": "train/clip_ratio",
    "off_policy_ratio": "train/off_policy_ratio",
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
    on_evaluate = _rested(loop, on_evaluate)
    trainer.add_callback(_step_callback(setup, run, loop, on_step, on_evaluate, sentry))
    with stop.at_boundaries(), loop.playing:
        _fit(trainer, run, team, sentry)
    if sentry.has_ended() and team.is_first:
        _account_for_ahead(run)
    if sentry.has_ended() and not _end(trainer, run, team, sentry):
        return load(setup, run.base)
    return trained_model(trainer, lambda: untrained(setup, run))


def untrained(setup: Setup, run: RunFolder) -> PreTrainedModel:
    """The model as the trainer makes it from the base, with the adapter that the spec asks for."""
    from peft import get_peft_model

    adapter = lora_config(setup.experiment.model.lora)
    base = load(setup, run.base)
    return get_peft_model(base, adapter) if adapter else base


def _rested(loop: Loop, on_evaluate: OnEvaluate) -> OnEvaluate:
    """The evaluation, while no other episode is played."""

    def evaluate(step: int, model: PreTrainedModel) -> dict[str, float]:
        loop.rest()
        return on_evaluate(step, model)

    return evaluate


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


def _account_for_ahead(run: RunFolder) -> None:
    """Enter the episodes that were played for the steps after the last in the books."""
    last = newest_checkpoint(run.checkpoints)
    ahead = kept_ahead(last) if last else []
    if ahead:
        episodes = [one.trajectory for played in ahead for one in played.episodes]
        replaced = [one.trajectory for played in ahead for one in played.replaced]
        run.append_tally(tally_ahead(episodes, replaced), phase=AHEAD)


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
            is_due = state.global_step % every == 0 and state.global_step < state.max_steps
            # All trainers take part in gathering the weights; the first one evaluates.
            with whole_weights(loop.trainer) if is_due else nullcontext():
                if state.is_world_process_zero:
                    self._report(state.global_step, logs, kwargs["model"], is_due=is_due)
            if sentry.must_end():
                control.should_save = control.should_training_stop = True

        def _report(
            self, step: int, logs: dict[str, Any], model: PreTrainedModel, *, is_due: bool
        ) -> None:
            known = {ours: logs[name] for name, ours in TRAINER_METRICS.items() if name in logs}
            metrics = loop.metrics() | known | {"time/step_s": time.monotonic() - self.started}
            if is_due:
                metrics |= on_evaluate(step, model)
            run.append_metrics({"step": step} | metrics)
            on_step(step, metrics)
            sentry.observe(step, metrics)

    return Step()
