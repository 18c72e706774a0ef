"""From the spec to the arguments of TRL's trainers, and why some differ from their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mrlc.runtime.alerts.sentry import checkpoints_kept
from mrlc.runtime.record import RunFolder
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.setup import Setup
from mrlc.schemas.algorithm import Algorithm, WarmStart

CHECKPOINTS_KEPT = 2
"""The newest may be half written when a run is killed; the one before it is then whole."""


def common_arguments(section: Algorithm | WarmStart, output: Path, *, seed: int) -> dict[str, Any]:
    """Keyword arguments for a TRL config."""
    import torch

    own_seed = trainer_seed(section, seed=seed)
    return {
        "output_dir": str(output),
        "learning_rate": section.learning_rate,
        "lr_scheduler_type": section.schedule,
        "warmup_steps": section.warmup_steps,
        "adam_beta2": section.adam_beta2,
        "save_strategy": "steps",
        "save_steps": section.checkpoint_every,
        "save_total_limit": CHECKPOINTS_KEPT,
        "logging_steps": 1,
        "seed": own_seed,
        "data_seed": own_seed,
        "use_cpu": not torch.cuda.is_available(),
        "bf16": False,  # TRL's default is True; the spec's dtype decides
        "gradient_checkpointing": False,  # TRL's default is True; it trades time for memory
        "report_to": "none",
        "disable_tqdm": True,  # progress is ours
    }


def trainer_seed(section: Algorithm | WarmStart, *, seed: int) -> int:
    """The seed of a trainer of its own."""
    return derive_seed(seed, type(section).__name__) % 2**31


def lora_config(section: Any) -> Any:
    """The peft config of `model.lora`, or None."""
    if section is None:
        return None
    from peft import LoraConfig

    targets = section.target_modules
    return LoraConfig(
        r=section.rank,
        lora_alpha=section.alpha,
        lora_dropout=section.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        task_type="CAUSAL_LM",
    )


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
        "save_total_limit": checkpoints_kept(setup.experiment, least=CHECKPOINTS_KEPT),
        "shuffle_dataset": False,  # the data come in their order: see `order`
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
