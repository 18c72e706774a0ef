"""The optimisation of the reward: TRL's GRPOTrainer, around our episodes or its own.

TRL keeps what it does well: the order of the data, losses, advantages, checkpoints,
adapters. `algorithm.engine` says whose episodes it trains on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mrlc.runtime.alerts.act import OnFirings, alert_metrics
from mrlc.runtime.alerts.ending import ended_by, take_back_end
from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.record import RunFolder
from mrlc.runtime.setup import Setup
from mrlc.runtime.stopping import NEVER, Stop
from mrlc.runtime.team import ALONE, Team
from mrlc.runtime.train.checkpoints import (
    log_sizes_at,
    marking_callback,
    newest_checkpoint,
    resume,
    step_of,
)
from mrlc.runtime.train.loop import Loop
from mrlc.runtime.train.rollouts import rollouts_loop
from mrlc.runtime.train.stock import stock_loop
from mrlc.schemas.guide import rules_in_force

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainerCallback

OnStep = Callable[[int, dict[str, float]], None]
"""Called after each optimiser step with its number and metrics."""
OnEvaluate = Callable[[int, "PreTrainedModel"], dict[str, float]]
"""Evaluates the policy at a step; returns metrics."""
Observe = Callable[[int, Mapping[str, float]], Sequence[Firing]]
"""Asks the rules after a step; what fires."""
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
    observe: Observe,
    on_firings: OnFirings,
    team: Team = ALONE,
    stop: Stop = NEVER,
) -> PreTrainedModel:
    """Optimise the reward; resumes from the newest complete checkpoint.

    An alert may end the training early: the checkpoint of that step is then the last.
    """
    from transformers import PrinterCallback

    loop = ENGINES[setup.experiment.algorithm.engine](setup, run, model)
    trainer = loop.trainer
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(stop.callback(team))
    trainer.add_callback(marking_callback(run, team))
    rules = [rule.name for rule in rules_in_force(setup.experiment)]

    def after_step(step: int, metrics: dict[str, float]) -> bool:
        """Tell of a step and of what fires after it; whether to end here."""
        run.append_metrics({"step": step} | metrics)
        firings = observe(step, metrics)
        is_end = on_firings(firings)
        on_step(step, metrics | alert_metrics(rules, firings))
        return is_end

    trainer.add_callback(_step_callback(setup, loop, after_step, on_evaluate, team))
    with stop.at_boundaries():
        _fit(trainer, run, team)
    trained = trainer.accelerator.unwrap_model(trainer.model)
    return trained.merge_and_unload() if setup.experiment.model.lora else trained


def _fit(trainer: Any, run: RunFolder, team: Team) -> None:
    """Train from the first's newest complete checkpoint, with its logs cut back to it."""
    checkpoint = None
    if team.is_first:
        checkpoint = newest_checkpoint(run.checkpoints)
        if checkpoint is None:
            run.enter("training")
        else:
            run.cut_logs(log_sizes_at(checkpoint))
        take_back_end(run.path, reached=step_of(checkpoint) if checkpoint else 0)
    name, is_over = team.word(
        (checkpoint.name if checkpoint else None, ended_by(run.path) is not None)
    )
    if name is not None:
        team.share(run.checkpoints / name)
    resume(trainer, run.checkpoints / name if name else None, is_over=is_over)


def _step_callback(
    setup: Setup,
    loop: Loop,
    after_step: Callable[[int, dict[str, float]], bool],
    on_evaluate: OnEvaluate,
    team: Team,
) -> TrainerCallback:
    """A callback that gathers each step's metrics, evaluates every so many steps, and ends early.

    `after_step` is asked in the first process alone, and says whether the training ends here.
    """
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
            is_end = state.is_world_process_zero and self.is_over(state, logs, kwargs["model"])
            if team.word(is_end):  # a checkpoint takes all processes, at the same step
                control.should_save = control.should_training_stop = True

        def is_over(self, state: Any, logs: Any, model: PreTrainedModel) -> bool:
            known = {ours: logs[name] for name, ours in TRAINER_METRICS.items() if name in logs}
            metrics = loop.metrics() | known | {"time/step_s": time.monotonic() - self.started}
            if state.global_step % every == 0 and state.global_step < state.max_steps:
                metrics |= on_evaluate(state.global_step, model)
            return after_step(state.global_step, metrics)

    return Step()
