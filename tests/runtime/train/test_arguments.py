"""Every option of `algorithm` and `warm_start` reaches the trainer: none is parsed and ignored."""

from __future__ import annotations

from typing import Any

import pytest

from mrlc.runtime.run import execute
from mrlc.runtime.train.arguments import grpo_config
from mrlc.schemas.algorithm import Algorithm
from tests.runtime.train.conftest import Bench, Quiet, weights

REACHES: dict[str, tuple[Any, str, Any]] = {
    "loss": ("cispo", "loss_type", "cispo"),
    "scale_rewards": ("batch", "scale_rewards", "batch"),
    "group_size": (8, "num_generations", 8),
    "prompts_per_step": (1, "per_device_train_batch_size", 4),
    "micro_batch": (4, "gradient_accumulation_steps", 2),
    "steps": (7, "max_steps", 7),
    "learning_rate": (0.5, "learning_rate", 0.5),
    "schedule": ("cosine", "lr_scheduler_type", "cosine"),
    "warmup_steps": (2, "warmup_steps", 2),
    "temperature": (0.7, "temperature", 0.7),
    "beta": (0.1, "beta", 0.1),
    "epsilon": (0.1, "epsilon", 0.1),
    "epsilon_high": (0.28, "epsilon_high", 0.28),
    "entropy_coefficient": (0.01, "entropy_coef", 0.01),
    "adam_beta2": (0.9, "adam_beta2", 0.9),
    "max_grad_norm": (0.3, "max_grad_norm", 0.3),
    "checkpoint_every": (3, "save_steps", 3),
}
TRIED_ELSEWHERE = {"kind", "engine", "max_steps_off_policy"}


def test_the_table_is_complete() -> None:
    assert set(REACHES) | TRIED_ELSEWHERE == set(Algorithm.model_fields)


@pytest.mark.parametrize("option", REACHES)
def test_an_option_reaches_the_trainer(bench: Bench, option: str) -> None:
    value, name, expected = REACHES[option]
    setup, run = bench.prepare(f"algorithm.{option}={value}")
    assert getattr(grpo_config(setup, run), name) == expected


@pytest.mark.parametrize(
    ("options", "highest"),
    [("loss=dapo", 0.2), ("epsilon=0.1", 0.1), ("loss=cispo", 5.0)],
)
def test_the_highest_ratio_has_a_default_that_suits_the_loss(
    bench: Bench, options: str, highest: float
) -> None:
    setup, run = bench.prepare(f"algorithm.{options}")
    assert grpo_config(setup, run).epsilon_high == highest


@pytest.mark.parametrize("option", ["beta=0.5", "loss=grpo", "entropy_coefficient=0.5"])
def test_an_option_changes_what_is_learned(bench: Bench, option: str) -> None:
    assert weights(bench.run(f"algorithm.{option}")) != weights(bench.run())


def test_the_warm_start_reads_its_own_options(bench: Bench) -> None:
    plain = bench.run("algorithm.steps=0")
    for option in ("learning_rate=0.02", "weight_decay=0.9", "adam_beta2=0.5", "schedule=constant"):
        assert weights(bench.run("algorithm.steps=0", f"warm_start.{option}")) != weights(plain)


def test_epochs_give_the_steps_where_none_are_said(bench: Bench) -> None:
    steps: list[int] = []
    text = bench.project.spec.read_text()
    plan_text = text.replace(
        "  demonstrations: data/demos.jsonl", "  demonstrations: data/demos.jsonl\n  epochs: 4"
    )
    bench.project.write("specs/desk.yaml", plan_text)
    setup, run = bench.prepare("algorithm.steps=0", "warm_start.steps=null")
    execute(setup, run, Quiet(lambda phase, step: steps.append(step)))
    assert steps == [1, 2, 3, 4]
