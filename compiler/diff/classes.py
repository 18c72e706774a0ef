"""The class of a change: what it does to the results that a team already has.

    instrument   evaluation, held-out data, fixtures: results before and after do not compare
    incentive    the reward: another behaviour is paid for
    behaviour    what the agent sees and does, and how it learns
    cost         how much of it runs, and where
    proof        what must be shown before a run; no run changes
    cosmetic     labels; a file that moved and kept its content

Every field of the schema has a class here, and a test walks the models to prove it. A pattern
that ends in `**` covers a value and all below it; sections of mixed class list each field.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

from mrlc.compiler.markers import fits
from mrlc.compiler.tree import Keys

Kind = Literal["instrument", "incentive", "behaviour", "cost", "proof", "cosmetic"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Gravest first."""

CLASSES: dict[str, Kind] = {
    "mrlc": "behaviour",
    "name": "cosmetic",
    "description": "cosmetic",
    "model.**": "behaviour",
    "data.train": "behaviour",
    "data.validation": "instrument",
    "data.test": "instrument",
    "environment.system": "behaviour",
    "environment.prompt": "behaviour",
    "environment.state.**": "instrument",
    "environment.final.**": "instrument",
    "environment.tools": "behaviour",
    "environment.tools.*": "behaviour",
    "environment.tools.*.name": "behaviour",
    "environment.tools.*.description": "behaviour",
    "environment.tools.*.parameters.**": "behaviour",
    "environment.tools.*.invalid.**": "behaviour",
    "environment.tools.*.ends_episode": "behaviour",
    "environment.tools.*.replay": "behaviour",
    "environment.tools.*.replay.table": "instrument",
    "environment.tools.*.replay.match.**": "behaviour",
    "environment.tools.*.replay.returns.**": "behaviour",
    "environment.tools.*.replay.mode": "behaviour",
    "environment.tools.*.replay.types.**": "behaviour",
    "environment.tools.*.replay.null_values.**": "behaviour",
    "environment.tools.*.replay.missing.**": "behaviour",
    "environment.tools.*.replay.missing_is_error": "behaviour",
    "environment.tools.*.replay.many": "behaviour",
    "environment.tools.*.replay.max_rows": "behaviour",
    "environment.tools.*.replay.optional": "behaviour",
    "environment.tools.*.replay.normalise.**": "behaviour",
    "environment.tools.*.guards.**": "behaviour",
    "environment.tools.*.grounded.**": "behaviour",
    "environment.tools.*.ungrounded.**": "behaviour",
    "environment.tools.*.volatile.**": "behaviour",
    "environment.tools.*.compute": "behaviour",
    "environment.tools.*.compute.returns.**": "behaviour",
    "environment.tools.*.compute.table": "behaviour",
    "environment.tools.*.compute.table.rows.**": "behaviour",
    "environment.tools.*.compute.table.file": "instrument",
    "environment.tools.*.compute.table.when.**": "behaviour",
    "environment.tools.*.compute.table.types.**": "behaviour",
    "environment.tools.*.compute.table.default.**": "behaviour",
    "environment.tools.*.sql.**": "behaviour",
    "environment.tools.*.execute.**": "behaviour",
    "environment.tools.*.file.**": "behaviour",
    "environment.tools.*.python": "behaviour",
    "environment.user.**": "behaviour",
    "environment.tools.*.reply.**": "behaviour",
    "environment.distractors.**": "behaviour",
    "environment.shuffle_tools": "behaviour",
    "environment.answer.**": "instrument",  # one episode may count as answered before, not after
    "environment.production": "cosmetic",  # compared with when compiling; no run reads it
    "turns.score_timeout_s": "cost",  # of what hangs: no reward or score is another
    "turns.**": "behaviour",
    "rollout.concurrency": "cost",
    "rollout.deterministic": "behaviour",
    "rollout.kv_cache_gb": "cost",
    "rollout.draft_tokens": "cost",
    "rollout.backend": "behaviour",  # other kernels write other tokens
    "rollout.vllm.**": "cost",
    "rollout.retries": "cost",  # of calls that failed: what the agent sees is the same
    "rollout.retry_backoff_s": "cost",
    "rollout.replacements": "cost",
    "rollout.max_lost": "cost",
    "rollout.chaos": "behaviour",
    "reward.**": "incentive",
    "evaluation.**": "instrument",
    "algorithm.kind": "behaviour",
    "algorithm.engine": "behaviour",
    "algorithm.loss": "behaviour",
    "algorithm.scale_rewards": "behaviour",
    "algorithm.group_size": "behaviour",
    "algorithm.prompts_per_step": "behaviour",
    "algorithm.steps": "cost",
    "algorithm.learning_rate": "behaviour",
    "algorithm.schedule": "behaviour",
    "algorithm.warmup_steps": "behaviour",
    "algorithm.temperature": "behaviour",
    "algorithm.epsilon": "behaviour",
    "algorithm.epsilon_high": "behaviour",
    "algorithm.max_steps_off_policy": "behaviour",
    "algorithm.beta": "behaviour",
    "algorithm.entropy_coefficient": "behaviour",
    "algorithm.adam_beta2": "behaviour",
    "algorithm.max_grad_norm": "behaviour",
    "algorithm.micro_batch": "cost",
    "algorithm.checkpoint_every": "cost",
    "alerts.**": "cost",  # a rule may end a run early; it teaches nothing
    "warm_start": "behaviour",
    "warm_start.demonstrations": "behaviour",
    "warm_start.steps": "cost",
    "warm_start.epochs": "cost",
    "warm_start.batch_size": "behaviour",
    "warm_start.learning_rate": "behaviour",
    "warm_start.schedule": "behaviour",
    "warm_start.warmup_steps": "behaviour",
    "warm_start.adam_beta2": "behaviour",
    "warm_start.weight_decay": "behaviour",
    "warm_start.checkpoint_every": "cost",
    "gates.**": "proof",
    "notify.**": "cosmetic",  # who hears of it; no run changes
    "target.**": "cost",
}


def class_of(path: Keys) -> Kind:
    """The class of a change at a path.

    Raises:
        KeyError: the field is not in the table; a test finds that before a user does.
    """
    for pattern, whole, kind in _patterns():
        if fits(path[: len(pattern)] if whole else path, pattern):
            return kind
    raise KeyError(f"give {'.'.join(path)} a class in compiler/diff/classes.py")


@cache
def _patterns() -> tuple[tuple[Keys, bool, Kind], ...]:
    """Pattern, whether it covers what is below, class."""
    return tuple(
        (tuple(text.removesuffix(".**").split(".")), text.endswith(".**"), kind)
        for text, kind in CLASSES.items()
    )
