"""What we rely on in TRL's trainer, tried on the trainer itself.

`rollout_func` is experimental there. Each test is a promise that training correctly rests on;
one that fails after an upgrade says which part of the seam to look at.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from trl import GRPOTrainer

from mrlc.runtime.train.grpo import Rollouts, grpo_config, reward, task_dataset
from mrlc.runtime.train.stock import StockReward, stock_trainer
from tests.runtime.train.conftest import Bench, forced_turns

PROMPT, CALL, RESULT, ANSWER = [5, 6, 7], [10, 11, 2], [20, 21], [12, 2]


class Watched(GRPOTrainer):  # type: ignore[misc] # trl is untyped
    """Keeps what the loss is computed from."""

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        self.scored = super()._generate_and_score_completions(inputs)
        return self.scored


def trainer_with(bench: Bench, rollout: Any) -> Watched:
    setup, run = bench.prepare("algorithm.steps=1", "algorithm.prompts_per_step=1")
    return Watched(
        model=setup.base.model,
        reward_funcs=reward,
        args=grpo_config(setup, run, save_strategy="no"),
        train_dataset=task_dataset(setup),
        processing_class=setup.base.tokenizer,
        rollout_func=rollout,
    )


def rollout_with(rewards: list[float | None]) -> Any:
    def rollout(prompts: list[str], trainer: Any) -> dict[str, Any]:
        n = len(prompts)
        return {
            "prompt_ids": [PROMPT] * n,
            "completion_ids": [CALL + RESULT + ANSWER] * n,
            "logprobs": [[-1.0, -1.0, -1.0, 0.0, 0.0, -1.0, -1.0]] * n,
            "env_mask": [[1, 1, 1, 0, 0, 1, 1]] * n,
            "mrlc_reward": rewards,
        }

    return rollout


def test_an_unscorable_episode_is_left_out_of_its_group(bench: Bench) -> None:
    trainer = trainer_with(bench, rollout_with([1.0, None, 0.0, None]))
    trainer.train()
    rewards = torch.tensor([1.0, 0.0])
    expected = (rewards - rewards.mean()) / (rewards.std() + 1e-4)
    advantages = trainer.scored["advantages"].flatten().tolist()
    assert advantages == pytest.approx([float(expected[0]), 0.0, float(expected[1]), 0.0], abs=1e-4)


def test_a_group_without_a_reward_moves_no_weight(bench: Bench) -> None:
    trainer = trainer_with(bench, rollout_with([None] * 4))
    before = {k: v.clone() for k, v in trainer.model.state_dict().items()}
    trainer.train()
    after = trainer.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_mask_reaches_the_loss_and_no_result_carries_gradient(bench: Bench) -> None:
    trainer = trainer_with(bench, rollout_with([1.0, 0.0, 0.5, 0.0]))
    trainer.train()
    assert trainer.scored["tool_mask"].tolist() == [[1, 1, 1, 0, 0, 1, 1]] * 4
    inputs = trainer.scored
    logprobs = torch.full(inputs["completion_ids"].shape, -1.0, requires_grad=True)
    trainer._get_per_token_logps_and_entropies = lambda *_, **__: (
        logprobs,
        torch.ones_like(logprobs),
        None,
    )
    trainer._compute_loss(trainer.model, inputs).backward()
    assert logprobs.grad is not None
    assert (logprobs.grad[0] != 0).int().tolist() == [1, 1, 1, 0, 0, 1, 1]


def test_engine_logprobs_equal_the_trainers(bench: Bench) -> None:
    setup, run = bench.prepare("algorithm.steps=1")
    rollouts = Rollouts(setup, run)
    seen: dict[str, Any] = {}

    def rollout(prompts: list[str], trainer: Any) -> dict[str, Any]:
        seen.update(rollouts(prompts, trainer))
        return dict(seen)

    trainer = Watched(
        model=setup.base.model,
        reward_funcs=reward,
        args=grpo_config(setup, run, save_strategy="no", learning_rate=0.0),
        train_dataset=task_dataset(setup),
        processing_class=setup.base.tokenizer,
        rollout_func=rollout,
    )
    trainer.train()
    inputs = trainer.scored
    ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1)
    mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1)
    logprobs, *_ = trainer._get_per_token_logps_and_entropies(
        trainer.model, ids, mask, inputs["completion_ids"].shape[1]
    )
    for row, (ours, written) in enumerate(zip(seen["logprobs"], seen["env_mask"], strict=True)):
        theirs = logprobs[row, : len(ours)].tolist()
        for a, b, bit in zip(ours, theirs, written, strict=True):
            assert not bit or a == pytest.approx(b, abs=1e-4)


def test_engine_and_stock_agree_on_forced_episodes(bench: Bench, monkeypatch: Any) -> None:
    """The stock loop, made to write what our engine's episodes wrote, sees the same world."""
    setup, run = bench.prepare("algorithm.steps=1", "turns.max_tokens=128")
    ours: list[Any] = []
    forced_turns(setup, monkeypatch)
    plain = Rollouts(setup, run)
    record = plain._record
    monkeypatch.setattr(
        Rollouts, "_record", lambda self, e, t, **k: (ours.extend(e), record(e, t, **k))[1]
    )
    mine = Watched(
        model=setup.base.model,
        reward_funcs=reward,
        args=grpo_config(setup, run, save_strategy="no", learning_rate=0.0),
        train_dataset=task_dataset(setup),
        processing_class=setup.base.tokenizer,
        rollout_func=plain,
    )
    mine.train()
    monkeypatch.undo()

    scripts = [[list(turn.ids) for turn in e.trajectory.turns] for e in ours]
    theirs = StockReward(setup, run)
    stock = stock_trainer(setup, run, setup.base.model, reward=theirs)
    stock.args.save_strategy = "no"
    rounds: list[list[list[int]]] = []

    def forced(self: Any, prompt_ids: Any, *_: Any, **__: Any) -> Any:
        if not rounds:
            rounds.extend([list(script) for script in scripts])
        # A row is known by what its sequence begins with: prompt and earlier turns.
        out = []
        for ids in prompt_ids:
            print(setup.base.tokenizer.decode(ids))
            row = next(r for r in range(len(rounds)) if r not in taken and matches(ours[r], ids))
            taken.add(row)
            turn = sum(1 for t in ours[row].trajectory.turns if len(ids) >= position(ours[row], t))
            out.append(scripts[row][turn - 1])
        taken.clear()
        return out, None

    taken: set[int] = set()
    monkeypatch.setattr(type(stock), "_generate_single_turn", forced)
    scored: dict[str, Any] = {}
    original = type(stock)._generate_and_score_completions

    def watch(self: Any, inputs: Any) -> Any:
        scored.update(original(self, inputs))
        return dict(scored)

    monkeypatch.setattr(type(stock), "_generate_and_score_completions", watch)
    stock.train()
    assert len({len(e.trajectory.turns) for e in ours}) == 3  # of one, two and three turns
    for key in ("prompt_ids", "completion_ids", "tool_mask", "advantages"):
        assert torch.equal(scored[key], mine.scored[key]), key


def position(episode: Any, turn: Any) -> int:
    """Where a turn begins in its episode's sequence."""
    at = len(episode.trajectory.prompt_ids)
    for earlier in episode.trajectory.turns:
        if earlier is turn:
            return at
        at += len(earlier.ids) + len(earlier.feedback_ids)
    raise AssertionError


def matches(episode: Any, ids: list[int]) -> bool:
    whole = [*episode.trajectory.prompt_ids, *episode.trajectory.completion_ids]
    return len(ids) < len(whole) and whole[: len(ids)] == list(ids)
