"""Pay by turn, through the real trainer: each id gets the advantage of its turn."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from mrlc.runtime.reward import RewardScore
from mrlc.runtime.train.credit import turn_advantages
from mrlc.runtime.train.rollouts import Rollouts, rollouts_loop
from tests.runtime.train.conftest import Bench, forced_turns, trajectories, weights

BY_TURN = (
    "reward.components=[{name: fields, kind: field_accuracy, against: task.expected, weight: 0.5}, "
    "{name: looks, kind: tool_called, tool: find_bike, per: turn, min_times: 2, "
    'arguments: {bike: "1"}, weight: 0.5}]'
)


@pytest.fixture
def trained(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A trainer after one step of forced episodes, and what its loss was computed from."""
    setup, run = bench.prepare("algorithm.steps=1", "turns.max_tokens=128", BY_TURN)
    forced_turns(setup, monkeypatch)
    trainer = rollouts_loop(setup, run, setup.base.model).trainer
    kept: dict[str, Any] = {}
    score = type(trainer)._generate_and_score_completions
    monkeypatch.setattr(
        type(trainer),
        "_generate_and_score_completions",
        lambda self, inputs: kept.update(score(self, inputs)) or dict(kept),
    )
    trainer.train()
    rows = [json.loads(line) for line in trajectories(run).splitlines()]
    return trainer, kept, rows


def test_each_id_has_the_advantage_of_its_turn(trained: Any) -> None:
    _, scored, rows = trained
    assert {tuple(row["turn_rewards"]) for row in rows} >= {(0.25, 0.0), (0.0, 0.25, 0.0)}
    scores = [RewardScore(row["reward"], {}, tuple(row["turn_rewards"])) for row in rows]
    expected = turn_advantages(scores, group_size=4, scale="group")
    assert scored["advantages"].shape == scored["completion_ids"].shape
    for row, episode, values in zip(scored["advantages"], rows, expected, strict=True):
        ids = [
            value
            for turn, one in zip(episode["turns"], values, strict=True)
            for value in [one] * len(turn["ids"]) + [0.0] * len(turn["feedback_ids"])
        ]
        assert row[: len(ids)].tolist() == pytest.approx(ids, abs=1e-6)
        assert not row[len(ids) :].any()
    assert len({round(value, 6) for values in expected for value in values}) > 4


@pytest.mark.parametrize("loss", ["dapo", "grpo", "dr_grpo", "bnpo", "cispo"])
def test_the_loss_weighs_each_id_by_its_advantage(trained: Any, loss: str) -> None:
    trainer, scored, _ = trained
    trainer.loss_type = loss
    logprobs = torch.full(scored["completion_ids"].shape, -1.0, requires_grad=True)
    trainer._get_per_token_logps_and_entropies = lambda *_, **__: (
        logprobs,
        torch.ones_like(logprobs),
        None,
    )
    trainer._compute_loss(trainer.model, scored).backward()
    assert logprobs.grad is not None
    written = (scored["completion_mask"] * scored["tool_mask"]).bool()
    slopes = -logprobs.grad / scored["advantages"].where(scored["advantages"] != 0, torch.nan)
    for row, mask in zip(slopes, written, strict=True):
        known = row[mask & ~row.isnan()]
        assert torch.allclose(known, known[:1].expand_as(known), rtol=1e-4)
        assert (known > 0).all()
    assert not logprobs.grad[~written].any()


def test_metrics_say_what_turns_were_paid(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    setup, run = bench.prepare("algorithm.steps=1", "turns.max_tokens=128", BY_TURN)
    forced_turns(setup, monkeypatch)
    loop = rollouts_loop(setup, run, setup.base.model)
    loop.trainer.train()
    metrics = loop.metrics()
    assert metrics["reward/looks/mean"] == pytest.approx((0.5 + 0.5 + 0.0 + 0.5) / 4)
    assert metrics["rollout/reward/turns_mean"] == pytest.approx(metrics["reward/looks/mean"] / 2)


def test_without_pay_by_turn_the_advantages_are_trls_own(bench: Bench) -> None:
    setup, run = bench.prepare("algorithm.steps=1")
    trainer = rollouts_loop(setup, run, setup.base.model).trainer
    trainer.train()
    assert isinstance(trainer.rollout_func, Rollouts)
    assert not trainer.rollout_func.token_advantages
    assert {part["advantages"].dim() for part in trainer._buffered_inputs} == {1}


@pytest.mark.slow
def test_a_run_in_micro_batches_gives_equal_bytes_twice(bench: Bench) -> None:
    options = ("algorithm.micro_batch=4", "algorithm.steps=2", BY_TURN)
    one, other = bench.run(*options), bench.run(*options)
    assert trajectories(one) == trajectories(other)
    assert weights(one) == weights(other)
