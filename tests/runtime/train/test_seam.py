"""What we rely on in TRL's trainer, tried on the trainer itself.

`rollout_func` is experimental there. Each test is a promise that training correctly rests on;
one that fails after an upgrade says which part of the seam to look at.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from trl import GRPOTrainer

from mrlc.runtime.record import RunFolder
from mrlc.runtime.rollout.engine import Engine
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.setup import Setup
from mrlc.runtime.train.arguments import grpo_config
from mrlc.runtime.train.rollouts import Rollouts, reward, task_dataset
from mrlc.runtime.train.stock import stock_loop
from tests.runtime.train.conftest import Bench, forced_turns

PROMPT, CALL, RESULT, ANSWER = [5, 6, 7], [10, 11, 2], [20, 21], [12, 2]


class Watched(GRPOTrainer):  # type: ignore[misc] # trl is untyped
    """Keeps what the loss is computed from."""

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        self.scored = super()._generate_and_score_completions(inputs)
        return self.scored


def watched(setup: Setup, run: RunFolder, rollout: Any, **overrides: Any) -> Watched:
    return Watched(
        model=setup.base.model,
        reward_funcs=reward,
        args=grpo_config(setup, run, save_strategy="no", **overrides),
        train_dataset=task_dataset(setup),
        processing_class=setup.base.tokenizer,
        rollout_func=rollout,
    )


def trainer_with(bench: Bench, rollout: Any) -> Watched:
    return watched(*bench.prepare("algorithm.steps=1", "algorithm.prompts_per_step=1"), rollout)


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

    trainer = watched(setup, run, rollout, learning_rate=0.0)
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


class Forced:
    """Makes the stock loop write what our episodes wrote, and keeps what it was scored from."""

    def __init__(self, trajectories: list[Trajectory], monkeypatch: pytest.MonkeyPatch) -> None:
        self._trajectories = trajectories
        self.scored: dict[str, Any] = {}
        score = GRPOTrainer._generate_and_score_completions
        monkeypatch.setattr(
            GRPOTrainer, "_generate_single_turn", lambda _, ids, *__, **___: self.turns(ids)
        )
        monkeypatch.setattr(
            GRPOTrainer,
            "_generate_and_score_completions",
            lambda trainer, inputs: self.scored.update(score(trainer, inputs)) or dict(self.scored),
        )

    def turns(self, sequences: list[list[int]]) -> tuple[list[list[int]], None]:
        """The next turn of each row; rows come in order, those that have ended left out."""
        waiting = iter(self._trajectories)
        return [
            next(filter(None, (self.next_turn(t, s) for t in waiting))) for s in sequences
        ], None

    def next_turn(self, trajectory: Trajectory, sequence: list[int]) -> list[int] | None:
        """The turn that the trajectory wrote after exactly this sequence."""
        so_far = list(trajectory.prompt_ids)
        for turn in trajectory.turns:
            if so_far == list(sequence):
                return list(turn.ids)
            so_far += [*turn.ids, *turn.feedback_ids]
        return None


def test_engine_and_stock_agree_on_forced_episodes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, run = bench.prepare("algorithm.steps=1", "turns.max_tokens=128")
    ours: list[Trajectory] = []
    forced_turns(setup, monkeypatch)

    play = Engine.run
    monkeypatch.setattr(
        Engine, "run", lambda *given, again: ours.extend(play(*given, again=again)) or list(ours)
    )
    mine = watched(setup, run, Rollouts(setup, run))
    mine.train()
    monkeypatch.undo()
    assert {len(t.turns) for t in ours} == {1, 2, 3}

    forced = Forced(ours, monkeypatch)
    stock_loop(setup, run, setup.base.model).trainer.train()
    for key in ("prompt_ids", "completion_ids", "tool_mask", "advantages"):
        assert torch.equal(forced.scored[key], mine.scored[key]), key
