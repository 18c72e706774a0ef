"""The loops that are compared, and what each is charged for.

    mrlc    `Engine.run`, as training calls it
    stock   TRL's own loop inside GRPOTrainer, as `algorithm.engine: stock` runs it
    plain   a coroutine an episode, which awaits `generate` on its whole history and then its
            tool: what one writes first. The model is asked one history at a time

Charged is what gives token ids: opening the environments, generation, tools, reading calls. The
clock stops before rewards, records and the trainer's tensors. Only mrlc also works out the
log-probabilities of what it samples; nothing is taken off for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.frames import call_frames
from mrlc.runtime.rollout.policies.transformers import TransformersPolicy
from mrlc.runtime.train.rollouts import rollouts_loop
from mrlc.runtime.train.stock import stock_loop

from .clock import Clock, Cost
from .stage import Stage


class Played(NamedTuple):
    """An episode as ids, whoever ran it."""

    prompt: tuple[int, ...]
    after: tuple[int, ...]
    """The model's and the environment's ids, in order."""
    written: tuple[int, ...]
    """1 where the model wrote the id."""


Loop = Callable[[Stage], tuple[list[Played], Cost]]


def run_mrlc(stage: Stage, **rollout: Any) -> tuple[list[Played], Cost]:
    """The engine of this repository; `rollout` are fields of the spec's section."""
    policy = _policy(stage)
    policy.rollout = policy.rollout.model_copy(update=rollout)
    clock = Clock()
    trajectories = stage.setup.engine.run(policy, requests(stage))
    cost = clock.read()
    played = [
        Played(tuple(t.prompt_ids), tuple(t.completion_ids), tuple(t.loss_mask))
        for t in trajectories
    ]
    return played, cost


def run_stock(stage: Stage) -> tuple[list[Played], Cost]:
    """TRL's loop; the rest of its step, after the episodes, is not charged."""
    trainer = stock_trainer(stage)
    found: list[tuple[list[Played], Cost]] = []
    generate = trainer._generate

    def noted(prompts: Any) -> Any:
        output = generate(prompts)
        cost = clock.read()
        prompt_ids, after, written, *_ = output
        episodes = zip(prompt_ids, after, written, strict=True)
        found.append(([Played(*map(tuple, ids)) for ids in episodes], cost))
        return output

    trainer._generate = noted
    rows = batch(stage, trainer)
    clock = Clock()
    trainer._generate_and_score_completions(rows)
    return found[0]


def run_plain(stage: Stage) -> tuple[list[Played], Cost]:
    """The loop that one writes first."""

    async def all_episodes() -> list[Played]:
        return await asyncio.gather(*(_plain_episode(stage, one) for one in requests(stage)))

    clock = Clock()
    played = asyncio.run(all_episodes())
    return played, clock.read()


LOOPS: dict[str, Loop] = {"mrlc": run_mrlc, "stock": run_stock, "plain": run_plain}


class Unequal(Exception):
    """Two loops did not run the same episodes, so nothing can be compared."""


def check_equal(found: dict[str, list[Played]]) -> None:
    """Hold every loop to the first one's episodes.

    Raises:
        Unequal: an episode differs, or there are more or fewer.
    """
    (first, expected), *others = found.items()
    for name, played in others:
        for place, pair in enumerate(zip_longest(expected, played)):
            if pair[0] != pair[1]:
                raise Unequal(f"episode {place} of {name} is not that of {first}: {pair}")


def requests(stage: Stage) -> list[EpisodeRequest]:
    """The act's episodes, each with a seed of its own."""
    group = stage.setup.experiment.algorithm.group_size
    return [EpisodeRequest(task, i % group, seed=i) for i, task in enumerate(stage.tasks)]


def batch(stage: Stage, trainer: Any) -> list[dict[str, Any]]:
    """The rows that TRL's sampler would give the trainer: each prompt for its whole group."""
    group = stage.setup.experiment.algorithm.group_size
    return [dict(trainer.train_dataset[i // group]) for i in range(stage.act.episodes)]


def mrlc_trainer(stage: Stage) -> Any:
    """GRPOTrainer around our episodes, as training makes it."""
    return rollouts_loop(stage.setup, stage.run, stage.model).trainer


def stock_trainer(stage: Stage) -> Any:
    """GRPOTrainer around its own."""
    return stock_loop(stage.setup, stage.run, stage.model).trainer


TRAINERS = {"mrlc": mrlc_trainer, "stock": stock_trainer}


def _policy(stage: Stage) -> TransformersPolicy:
    return TransformersPolicy(
        stage.model,
        end_id=stage.setup.chat.end_id,
        temperature=1.0,
        rollout=stage.setup.experiment.rollout,
        frames=call_frames(stage.setup.chat),
    )


async def _plain_episode(stage: Stage, request: EpisodeRequest) -> Played:
    setup = stage.setup
    prompt = setup.chat.prompt_ids(setup.environment.messages(request.task))
    ids, written = list(prompt), []
    async with setup.environment.open(request.task, seed=request.seed) as episode:
        for turn in range(setup.experiment.turns.limit):
            said = _generate(stage, ids)
            ids, written = ids + said, written + [1] * len(said)
            calls = setup.chat.parse(said).calls
            if not calls or turn + 1 == setup.experiment.turns.limit:
                break
            texts = [(await episode.call(call)).text for call in calls]
            feedback = setup.chat.feedback_ids(calls, texts)
            ids, written = ids + list(feedback), written + [0] * len(feedback)
    return Played(tuple(prompt), tuple(ids[len(prompt) :]), tuple(written))


def _generate(stage: Stage, ids: Sequence[int]) -> list[int]:
    import torch

    tokenizer = stage.setup.base.tokenizer
    inputs = torch.tensor([ids], device=stage.model.device)
    with torch.inference_mode():
        output = stage.model.generate(
            inputs,
            attention_mask=torch.ones_like(inputs),
            max_new_tokens=stage.setup.experiment.turns.max_tokens,
            do_sample=True,
            temperature=1.0,
            top_k=0,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    return list(output[0, len(ids) :].tolist())
