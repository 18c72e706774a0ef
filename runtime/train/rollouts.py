"""Our episodes inside TRL's GRPOTrainer.

The seam is `rollout_func`: the trainer hands it prompts, which here are places in the list
of training tasks, and gets back token ids, their log-probs, a mask of the ids that the model
wrote, and each episode's reward. An episode without a reward (its environment broke) is None
there, which TRL leaves out of its group's baseline and gives no advantage. Where a component pays
by turn, TRL's advantages are replaced by those of `credit`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mrlc.runtime.metrics import (
    ScoredEpisode,
    distractor_calls,
    rollout_metrics,
    scored_episodes,
)
from mrlc.runtime.record import RunFolder
from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.frames import call_frames
from mrlc.runtime.rollout.policies.policy import Policy
from mrlc.runtime.rollout.policies.transformers import TransformersPolicy
from mrlc.runtime.rollout.policies.vllm import BackEnd, VllmPolicy
from mrlc.runtime.rollout.replacement import Replacements
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.setup import Setup
from mrlc.runtime.train.arguments import grpo_config, lora_config
from mrlc.runtime.train.credit import turn_advantages
from mrlc.runtime.train.kept_drafts import KeptDrafts
from mrlc.runtime.train.lead import Lead
from mrlc.runtime.train.loop import Loop
from mrlc.runtime.train.losses import keep, loss_metrics, too_many
from mrlc.runtime.train.order import setup_order
from mrlc.runtime.train.sharding import whole_weights
from mrlc.runtime.train.trainer import trainer_class
from mrlc.runtime.train.vllm import back_end, limit_server_waits, meet_server

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def rollouts_loop(setup: Setup, run: RunFolder, model: PreTrainedModel) -> Loop:
    """The trainer with our episodes."""
    section = setup.experiment.algorithm
    rollouts = Rollouts(setup, run)
    meet_server(setup.experiment.rollout)
    trainer = trainer_class(section, pays_by_turn=setup.reward.pays_by_turn)(
        model=model,
        reward_funcs=reward,
        args=grpo_config(setup, run),
        train_dataset=task_dataset(setup),
        processing_class=setup.base.tokenizer,
        peft_config=lora_config(setup.experiment.model.lora),
        rollout_func=rollouts,
    )
    limit_server_waits(trainer)
    loop = Loop(trainer, lambda: rollouts.metrics)
    if section.max_steps_off_policy:
        lead = rollouts.lead = rollouts.leading(trainer)
        trainer.add_callback(lead.callback())
        loop = replace(loop, rest=lead.rest, playing=closing(lead))
    if rollouts.writes_by_transformers:
        trainer.add_callback(rollouts.guesses.callback(trainer))
    return loop


@dataclass(frozen=True)
class Played:
    """The episodes of a step and of this process."""

    episodes: list[ScoredEpisode]
    replaced: list[ScoredEpisode]
    """Those that broke and that others were played in place of."""
    seconds: float
    """That it took to play and score them."""


def deal(parts: Sequence[Played], process: int, processes: int) -> Played:
    """The share of one of so many processes in a step that others played, in their order."""
    episodes = [episode for part in parts for episode in part.episodes]
    share = len(episodes) // processes
    mine = parts[process::processes]
    return Played(
        episodes[process * share : (process + 1) * share],
        [episode for part in mine for episode in part.replaced],
        max(part.seconds for part in parts),
    )


@dataclass
class Rollouts:
    """TRL's `rollout_func`: episodes of a step, recorded as they end."""

    setup: Setup
    run: RunFolder
    metrics: dict[str, float] = field(default_factory=dict)
    """Of the last step's episodes, over all processes."""
    token_advantages: list[list[float]] = field(default_factory=list)
    """Of the last step's episodes of this process; only where a component pays by turn."""
    vllm: BackEnd | None = None
    """What writes the episodes in place of the model; known from the first step on."""
    lead: Lead[Played] | None = None
    """Plays ahead of the trainer, where it may."""
    guesses: KeptDrafts = field(init=False)

    def __post_init__(self) -> None:
        self.guesses = KeptDrafts(call_frames(self.setup.chat))

    def __call__(self, prompts: list[str], trainer: Any) -> dict[str, list[Any]]:
        """Run one episode a prompt; lists come in the order of `prompts`."""
        step = trainer.state.global_step
        if self.lead is None:
            first = trainer.accelerator.process_index * len(prompts)
            requests = self._requests(prompts, step=step, first=first)
            with whole_weights(trainer) if self.writes_by_transformers else nullcontext():
                played = self._play(self._policy(trainer), requests)
        else:
            played = self.lead.take(step, trainer)
        self._record(played, trainer)
        return trainer_inputs(played.episodes, end_id=self.setup.chat.end_id)

    def leading(self, trainer: Any) -> Lead[Played]:
        """What plays this process's episodes ahead, by the same requests that the trainer makes."""
        section, order = self.setup.experiment.algorithm, setup_order(self.setup)
        a_step, group = section.prompts_per_step, section.group_size
        mine = a_step * group // trainer.accelerator.num_processes
        first = trainer.accelerator.process_index * mine

        def play(step: int, model: PreTrainedModel) -> Played:
            tasks = order[step * a_step : (step + 1) * a_step]
            prompts = [str(place) for place in tasks for _ in range(group)][first : first + mine]
            requests = self._requests(prompts, step=step, first=first)
            return self._play(self._policy_of(model), requests)

        return Lead(section.max_steps_off_policy, section.steps, trainer.model, play, deal)

    def _play(self, policy: Policy, requests: list[EpisodeRequest]) -> Played:
        started = time.monotonic()
        again = Replacements.of(self.setup.experiment.rollout, requests)
        trajectories = self.setup.engine.run(policy, requests, again=again)
        episodes = scored_episodes(trajectories, self.setup.reward)
        replaced = [ScoredEpisode(trajectory, None) for trajectory in again.replaced]
        return Played(episodes, replaced, time.monotonic() - started)

    @property
    def writes_by_transformers(self) -> bool:
        """Whether the trainer's own weights are sampled from, where they are."""
        return self.setup.experiment.rollout.backend == "transformers"

    def _policy(self, trainer: Any) -> Policy:
        if self.writes_by_transformers:
            return self._policy_of(trainer.accelerator.unwrap_model(trainer.model_wrapped))
        self.vllm = self.vllm or back_end(trainer)
        return VllmPolicy(
            self.vllm,
            end_id=self.setup.chat.end_id,
            temperature=self.setup.experiment.algorithm.temperature,
        )

    def _policy_of(self, model: PreTrainedModel) -> Policy:
        return TransformersPolicy(
            model,
            end_id=self.setup.chat.end_id,
            temperature=self.setup.experiment.algorithm.temperature,
            rollout=self.setup.experiment.rollout,
            drafts=self.guesses.drafts,
        )

    def _requests(self, prompts: list[str], *, step: int, first: int) -> list[EpisodeRequest]:
        """TRL repeats each prompt for its group, and deals the batch out by process."""
        group = self.setup.experiment.algorithm.group_size
        tasks = [self.setup.tasks["train"][int(prompt)] for prompt in prompts]
        return [
            EpisodeRequest(
                task, member, self._seed(step, task.id, member), self._presentation(step)
            )
            for task, member in zip(
                tasks, ((first + i) % group for i in range(len(prompts))), strict=True
            )
        ]

    def _presentation(self, step: int) -> int:
        """Other tools and another order at each step; the task itself is part of the draw."""
        return derive_seed(self.setup.seed, "presentation", step)

    def _seed(self, step: int, task: str, member: int) -> int:
        """A stream for each task and member, new at each step."""
        return derive_seed(self.setup.seed, "train", step, task, member)

    def _record(self, played: Played, trainer: Any) -> None:
        from accelerate.utils import gather_object

        everyone: list[ScoredEpisode] = gather_object(played.episodes)
        replaced: list[ScoredEpisode] = gather_object(played.replaced)
        group = self.setup.experiment.algorithm.group_size
        self.metrics = rollout_metrics(everyone, group_size=group)
        self.metrics |= loss_metrics(everyone, replaced)
        if self.setup.experiment.environment.distractors is not None:
            calls = distractor_calls([episode.trajectory for episode in everyone])
            self.metrics["rollout/distractor_calls"] = calls
        self.metrics["time/rollout_s"] = played.seconds
        if self.setup.reward.pays_by_turn:
            mine = len(played.episodes)
            first = trainer.accelerator.process_index * mine
            advantages = self._advantages(everyone)
            self.token_advantages = advantages[first : first + mine]
        step, section = trainer.state.global_step + 1, self.setup.experiment.rollout
        end = too_many(everyone, max_lost=section.max_lost, step=step, run=self.run.path)
        if end is not None:
            keep(trainer)
        if trainer.accelerator.is_main_process:
            self.run.append_episodes(replaced, phase="train", step=step, replaced=True)
            self.run.append_episodes(everyone, phase="train", step=step)
        if end is not None:
            raise end

    def _advantages(self, episodes: list[ScoredEpisode]) -> list[list[float]]:
        section = self.setup.experiment.algorithm
        scores = [episode.reward for episode in episodes]
        turns = turn_advantages(scores, group_size=section.group_size, scale=section.scale_rewards)
        return [
            token_advantages(episode.trajectory, values)
            for episode, values in zip(episodes, turns, strict=True)
        ]


def token_advantages(trajectory: Trajectory, turns: Sequence[float]) -> list[float]:
    """Each turn's advantage at the ids it wrote, 0 at the environment's; no turns, all 0."""
    values = turns or [0.0] * len(trajectory.turns)
    return [
        advantage
        for turn, value in zip(trajectory.turns, values, strict=True)
        for advantage in [value] * len(turn.ids) + [0.0] * len(turn.feedback_ids)
    ]


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


def task_dataset(setup: Setup) -> Any:
    """A row for each prompt of each step, in order: a task's place in the list, as text."""
    from datasets import Dataset

    return Dataset.from_list([{"prompt": str(place)} for place in setup_order(setup)])
