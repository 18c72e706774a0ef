"""The optimisation of the reward: TRL's GRPOTrainer around our episodes.

TRL keeps what it does well: the order of the data, losses, advantages, checkpoints,
adapters, distribution. The seam is `rollout_func`: the trainer hands it prompts, which here
are places in the list of training tasks, and gets back token ids, their log-probs, a mask
of the ids that the model wrote, and each episode's reward. An episode without a reward
(its environment broke) is None there, which TRL leaves out of its group's baseline and
gives no advantage.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mrlc.runtime.metrics import ScoredEpisode, rollout_metrics
from mrlc.runtime.record import RunFolder
from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.policies.transformers import TransformersPolicy
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.setup import Setup
from mrlc.runtime.train.arguments import common_arguments, lora_config
from mrlc.runtime.train.checkpoints import (
    log_sizes_at,
    marking_callback,
    newest_checkpoint,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainerCallback

OnStep = Callable[[int, dict[str, float]], None]
"""Called after each optimiser step with its number and metrics."""
OnEvaluate = Callable[[int, "PreTrainedModel"], dict[str, float]]
"""Evaluates the policy at a step; returns metrics."""

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


@dataclass
class Rollouts:
    """TRL's `rollout_func`: episodes of a step, recorded as they end."""

    setup: Setup
    run: RunFolder
    metrics: dict[str, float] = field(default_factory=dict)
    """Of the last step's episodes, over all processes."""

    def __call__(self, prompts: list[str], trainer: Any) -> dict[str, list[Any]]:
        """Run one episode a prompt; lists come in the order of `prompts`."""
        started = time.monotonic()
        policy = self._policy(trainer)
        trajectories = self.setup.engine.run(policy, self._requests(prompts, trainer))
        episodes = [ScoredEpisode(t, self.setup.reward.score(t)) for t in trajectories]
        self._record(episodes, trainer, seconds=time.monotonic() - started)
        return trainer_inputs(episodes, end_id=self.setup.chat.end_id)

    def _policy(self, trainer: Any) -> TransformersPolicy:
        return TransformersPolicy(
            trainer.accelerator.unwrap_model(trainer.model_wrapped),
            end_id=self.setup.chat.end_id,
            pad_id=int(self.setup.base.tokenizer.pad_token_id),
            temperature=self.setup.experiment.algorithm.temperature,
        )

    def _requests(self, prompts: list[str], trainer: Any) -> list[EpisodeRequest]:
        """TRL repeats each prompt for its group, and deals the batch out by process."""
        group = self.setup.experiment.algorithm.group_size
        first = trainer.accelerator.process_index * len(prompts)
        tasks = [self.setup.tasks["train"][int(prompt)] for prompt in prompts]
        return [
            EpisodeRequest(task, member, self._seed(trainer.state.global_step, task.id, member))
            for task, member in zip(
                tasks, ((first + i) % group for i in range(len(prompts))), strict=True
            )
        ]

    def _seed(self, step: int, task: str, member: int) -> int:
        """A stream for each task and member, new at each step."""
        return derive_seed(self.setup.seed, "train", step, task, member)

    def _record(self, episodes: list[ScoredEpisode], trainer: Any, *, seconds: float) -> None:
        from accelerate.utils import gather_object

        everyone: list[ScoredEpisode] = gather_object(episodes)
        group = self.setup.experiment.algorithm.group_size
        self.metrics = rollout_metrics(everyone, group_size=group)
        self.metrics["time/rollout_s"] = seconds
        if trainer.accelerator.is_main_process:
            self.run.append_episodes(everyone, phase="train", step=trainer.state.global_step + 1)


def trainer_inputs(episodes: list[ScoredEpisode], *, end_id: int) -> dict[str, list[Any]]:
    """What `rollout_func` returns, one entry an episode."""
    trajectories = [episode.trajectory for episode in episodes]
    # An episode that broke before its first turn still needs one id; it carries no loss.
    return {
        "prompt_ids": [list(t.prompt_ids) for t in trajectories],
        "completion_ids": [t.completion_ids or [end_id] for t in trajectories],
        "logprobs": [t.logprobs or [0.0] for t in trajectories],
        "env_mask": [t.loss_mask or [0] for t in trajectories],
        "mrlc_reward": [e.reward.total if e.reward else None for e in episodes],
    }


def reward(mrlc_reward: list[float | None], **_: Any) -> list[float | None]:
    """TRL's reward function: the total that the episode was given."""
    return mrlc_reward


def train(
    setup: Setup,
    run: RunFolder,
    model: PreTrainedModel,
    *,
    on_step: OnStep,
    on_evaluate: OnEvaluate,
) -> PreTrainedModel:
    """Optimise the reward; resumes from the newest complete checkpoint."""
    from transformers import PrinterCallback
    from trl import GRPOTrainer

    rollouts = Rollouts(setup, run)
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=reward,
        args=grpo_config(setup, run),
        train_dataset=task_dataset(setup),
        processing_class=setup.base.tokenizer,
        peft_config=lora_config(setup.experiment.model.lora),
        rollout_func=rollouts,
        callbacks=[
            marking_callback(run),
            step_callback(setup, run, lambda: rollouts.metrics, on_step, on_evaluate),
        ],
    )
    trainer.remove_callback(PrinterCallback)
    fit(trainer, run)
    model = trainer.accelerator.unwrap_model(trainer.model)
    return model.merge_and_unload() if setup.experiment.model.lora else model


def fit(trainer: Any, run: RunFolder) -> None:
    """Train from the newest complete checkpoint, with the logs cut back to it."""
    checkpoint = newest_checkpoint(run.checkpoints)
    if checkpoint is None:
        run.enter("training")
    else:
        run.cut_logs(log_sizes_at(checkpoint))
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)


def task_dataset(setup: Setup) -> Any:
    """One row a training task; its prompt is its place in the list, as text."""
    from datasets import Dataset

    places = range(len(setup.tasks["train"]))
    return Dataset.from_list([{"prompt": str(place)} for place in places])


def grpo_config(setup: Setup, run: RunFolder, **overrides: Any) -> Any:
    """The trainer's arguments from the spec's `algorithm`."""
    from accelerate import PartialState
    from trl import GRPOConfig

    section, turns = setup.experiment.algorithm, setup.experiment.turns
    processes = PartialState().num_processes
    episodes = section.prompts_per_step * section.group_size // processes
    micro = section.micro_batch or episodes
    arguments = common_arguments(section, run.checkpoints, seed=setup.seed) | {
        "max_steps": section.steps,
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": episodes // micro,
        "num_generations": section.group_size,
        "max_completion_length": turns.limit * (turns.max_tokens + 2 * turns.tool_result_tokens),
        "temperature": section.temperature,
        "loss_type": section.loss,
        "scale_rewards": section.scale_rewards,
        "beta": section.beta,
        "entropy_coef": section.entropy_coefficient,
        "max_grad_norm": section.max_grad_norm,
    }
    return GRPOConfig(**(arguments | overrides))


def step_callback(
    setup: Setup,
    run: RunFolder,
    rollout_step: Callable[[], dict[str, float]],
    on_step: OnStep,
    on_evaluate: OnEvaluate,
) -> TrainerCallback:
    """A callback that writes each step's metrics and evaluates every so many steps."""
    from transformers import TrainerCallback

    every = setup.experiment.evaluation.every_steps

    class Step(TrainerCallback):  # type: ignore[misc] # transformers is untyped
        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.started = time.monotonic()

        def on_log(
            self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any
        ) -> None:
            if not logs or "loss" not in logs or not state.is_world_process_zero:
                return
            known = {ours: logs[name] for name, ours in TRAINER_METRICS.items() if name in logs}
            metrics = rollout_step() | known | {"time/step_s": time.monotonic() - self.started}
            if state.global_step % every == 0 and state.global_step < state.max_steps:
                metrics |= on_evaluate(state.global_step, kwargs["model"])
            run.append_metrics({"step": state.global_step} | metrics)
            on_step(state.global_step, metrics)

    return Step()
