"""How the policy learns: the warm start and the optimiser of the reward."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.section import DemonstrationFile, Section

Schedule = Literal["constant", "linear", "cosine"]
Scale = Literal["group", "batch", "none"]
CISPO_CAP = 5.0
"""The weight that cispo gives a token at most, as TRL advises (ScaleRL, arXiv:2510.13786)."""
Beta = Annotated[float, Field(ge=0, lt=1)]


class Algorithm(Section):
    """Group-relative policy optimisation (GRPO, arXiv:2402.03300), as TRL's GRPOTrainer runs it."""

    kind: Literal["grpo"] = "grpo"
    """The algorithm."""
    engine: Literal["mrlc", "stock"] = "mrlc"
    """`mrlc`: our episodes inside TRL's trainer. `stock`: TRL's own tool loop, the reference."""
    loss: Literal["dapo", "grpo", "dr_grpo", "bnpo", "cispo"] = "dapo"
    """How token losses are averaged; dapo (arXiv:2503.14476) weighs every token of a step alike.

    cispo is dapo with the ratio of off-policy tokens capped instead of clipped; on policy they are one.
    """
    scale_rewards: Scale = "group"
    """What advantages are divided by: the standard deviation of the group, the batch, or nothing."""
    group_size: Annotated[int, Field(ge=2)] = 8
    """Episodes a task in one step."""
    prompts_per_step: Annotated[int, Field(ge=1)] = 16
    """Tasks a step."""
    steps: Annotated[int, Field(ge=0)] = 100
    """Optimiser steps; 0 evaluates the warm start alone."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-5
    """Of AdamW, at its height; 1e-5 suits a LoRA adapter, all weights of a large model want 1e-6."""
    schedule: Schedule = "linear"
    """How the learning rate falls after the warm-up."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Steps in which the learning rate rises from 0."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Of the episodes trained on."""
    epsilon: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """How far below 1 a token's ratio of new to old probability counts, and above (PPO's clip)."""
    epsilon_high: Annotated[float, Field(gt=0)] | None = None
    """Above 1, if not as below; the ratio itself with cispo, where 5 is meant if left out."""
    max_steps_off_policy: Annotated[int, Field(ge=0)] = 0
    """Steps that episodes may be older than the weights they train; 0 waits for each step."""
    beta: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the KL penalty to the start; 0 saves the reference model."""
    entropy_coefficient: Annotated[float, Field(ge=0)] = 0.0
    """Weight of an entropy bonus, against early collapse."""
    adam_beta2: Beta = 0.99
    """Decay of Adam's second moment; below 0.999 as RL runs are short."""
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    """Gradients of a larger norm are scaled down to it."""
    micro_batch: Annotated[int, Field(ge=1)] | None = None
    """Episodes a backward pass; left out: the whole step."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 10
    """Steps between checkpoints."""

    @property
    def highest_ratio(self) -> float:
        """`epsilon_high` as TRL reads it; its own default would scale cispo's loss by 0.2."""
        if self.epsilon_high is not None:
            return self.epsilon_high
        return CISPO_CAP if self.loss == "cispo" else self.epsilon


class WarmStart(Section):
    """Supervised steps on demonstrations before the reward is optimised, by TRL's SFTTrainer."""

    demonstrations: DemonstrationFile
    """JSONL rows `{"task": id of a training task, "messages": [what follows the prompt]}`."""
    steps: Annotated[int, Field(ge=1)] | None = None
    """Optimiser steps; overrides `epochs`."""
    epochs: Annotated[float, Field(gt=0)] = 1.0
    """Passes over the demonstrations."""
    batch_size: Annotated[int, Field(ge=1)] = 32
    """Demonstrations a step."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-4
    """Of AdamW, at its height; ten times that of the reward, as imitation is stabler."""
    schedule: Schedule = "linear"
    """How the learning rate falls after the warm-up."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Steps in which the learning rate rises from 0."""
    adam_beta2: Beta = 0.98
    """Decay of Adam's second moment; below 0.999 as the warm start is short."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Share of a weight taken away each step, times the learning rate; 0 forgets nothing."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 100
    """Steps between checkpoints."""
