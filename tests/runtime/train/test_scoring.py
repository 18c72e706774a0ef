"""Loss and gradients are those of TRL's own trainer on the same batch, to float error."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from trl import GRPOTrainer

from mrlc.runtime.train import scoring
from mrlc.runtime.train.arguments import grpo_config, lora_config
from mrlc.runtime.train.micro_batches import sorted_by_length
from mrlc.runtime.train.rollouts import reward, rollouts_loop, task_dataset
from mrlc.runtime.train.scoring import SharedPrompts, WholeRows, body_of, takes_cache
from tests.runtime.train.conftest import Bench

LOSSES = ["dapo", "grpo", "dr_grpo", "bnpo", "cispo"]
GROUP = 4


def batch(*, prompts: tuple[int, ...], width: int = 9, vocabulary: int = 200) -> dict[str, Any]:
    """Groups of one prompt each, of these lengths, with ragged completions of several turns."""
    source = torch.Generator().manual_seed(3)
    rows, longest = len(prompts) * GROUP, max(prompts)
    of_group = torch.tensor(prompts).repeat_interleave(GROUP)
    ids = torch.randint(5, vocabulary, (len(prompts), longest), generator=source)
    ids = ids.repeat_interleave(GROUP, dim=0)
    lengths = torch.randint(1, width + 1, (rows,), generator=source)
    lengths[0] = width
    written = torch.rand(rows, width, generator=source) < 0.6
    written[1] = False  # an episode that broke before its first turn
    mask = (torch.arange(width) < lengths[:, None]).long()
    prompt_mask = (torch.arange(longest) >= longest - of_group[:, None]).long()
    return {
        "prompt_ids": ids * prompt_mask,
        "prompt_mask": prompt_mask,
        "completion_ids": torch.randint(5, vocabulary, (rows, width), generator=source) * mask,
        "completion_mask": mask,
        "tool_mask": written.long(),
        "advantages": torch.randn(rows, generator=source),
        "num_items_in_batch": (mask * written).sum(),
        "old_per_token_logps": torch.randn(rows, width, generator=source) * 0.1 - 5.0,
        "ref_per_token_logps": torch.randn(rows, width, generator=source) * 0.1 - 5.0,
    }


class Pair:
    """Our trainer and TRL's own, with the same weights."""

    def __init__(self, bench: Bench, *overrides: str) -> None:
        setup, run = bench.prepare("algorithm.temperature=0.7", *overrides)
        theirs = copy.deepcopy(setup.base.model)
        torch.manual_seed(1)
        self.ours = rollouts_loop(setup, run, setup.base.model).trainer
        torch.manual_seed(1)
        self.theirs = GRPOTrainer(
            model=theirs,
            reward_funcs=reward,
            args=grpo_config(setup, run),
            train_dataset=task_dataset(setup),
            processing_class=setup.base.tokenizer,
            peft_config=lora_config(setup.experiment.model.lora),
            rollout_func=lambda prompts, trainer: {},
        )
        self.theirs.model.load_state_dict(self.ours.model.state_dict())

    def agree(self, ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
        """Hold loss and gradients together, over these micro-batches."""
        (loss, slopes), (expected, steep) = found(self.ours, ours), found(self.theirs, theirs)
        assert loss == pytest.approx(expected, rel=1e-5, abs=1e-6)
        assert steep.keys() == slopes.keys()
        assert max(float(slope.abs().max()) for slope in steep.values()) > 1e-4
        for name, slope in slopes.items():
            assert torch.allclose(slope, steep[name], atol=1e-6), name


def found(trainer: Any, batches: list[dict[str, Any]]) -> tuple[float, dict[str, torch.Tensor]]:
    trainer.model.train()
    trainer.model.zero_grad()
    trainer.current_gradient_accumulation_steps = len(batches)
    trainer.args.steps_per_generation = len(batches)
    total = 0.0
    for one in batches:
        loss = trainer._compute_loss(trainer.model, one)
        loss.backward()
        total += float(loss.detach())
    slopes = {n: p.grad for n, p in trainer.model.named_parameters() if p.grad is not None}
    return total, slopes


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("prompts", [(7, 7), (7, 3)], ids=["as long", "of two lengths"])
def test_the_loss_is_trls(bench: Bench, loss: str, prompts: tuple[int, ...]) -> None:
    pair = Pair(bench, f"algorithm.loss={loss}")
    pair.ours.beta = pair.theirs.beta = 0.1  # set here: at the start it would load a reference
    data = batch(prompts=prompts)
    pair.agree([data], [data])


def test_an_adapter_gets_trls_gradients(bench: Bench) -> None:
    pair = Pair(bench, "model.lora={rank: 4, alpha: 8}", "algorithm.entropy_coefficient=0.1")
    for _, value in (*pair.ours.model.named_parameters(), *pair.theirs.model.named_parameters()):
        if value.requires_grad:  # an adapter starts at 0, where half of its gradients are
            value.data.add_(0.01)
    data = batch(prompts=(7, 3))
    pair.agree([data], [data])


def test_prompts_that_nobody_shares_are_not_shared(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, used = Pair(bench), []
    for layout in (WholeRows, SharedPrompts):
        start = layout.__init__
        monkeypatch.setattr(
            layout,
            "__init__",
            lambda self, rows, start=start: (used.append(type(self)), start(self, rows))[1],
        )
    data = batch(prompts=(7, 3))
    pair.agree([data], [data])
    data["prompt_ids"] = torch.randint(5, 200, data["prompt_ids"].shape)
    pair.agree([data], [data])
    assert used == [SharedPrompts, WholeRows]


def test_a_batch_without_a_trained_token_gives_every_weight_a_gradient_of_zero(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where processes train together, each must come with a gradient, or the others wait."""
    for shares in (True, False):
        monkeypatch.setattr(scoring, "takes_cache", lambda body, shares=shares: shares)
        pair = Pair(bench)
        data = batch(prompts=(7, 3))
        data["tool_mask"].zero_()
        loss, slopes = found(pair.ours, [data])
        assert loss == 0
        assert len(slopes) == len(list(pair.ours.model.parameters()))
        assert not any(slope.any() for slope in slopes.values())


@pytest.mark.parametrize("loss", ["dapo", "grpo", "dr_grpo", "cispo"])
def test_sorted_micro_batches_have_the_loss_of_those_dealt_at_random(
    bench: Bench, loss: str
) -> None:
    pair = Pair(bench, f"algorithm.loss={loss}")
    data = batch(prompts=(7, 3, 5), width=30)
    dealt = list(split(data, torch.randperm(12)))
    for shares in (True, False):
        ours = sorted_by_length(dealt, shares_prompts=shares)
        pair.agree(ours, dealt)
    for trainer in (pair.ours, pair.theirs):
        trainer._metrics["train"].clear()
    found(pair.ours, ours)
    found(pair.theirs, [data])
    for name in ("entropy", "clip_ratio/region_mean"):
        if name in pair.theirs._metrics["train"]:
            (whole,) = pair.theirs._metrics["train"][name]
            parts = pair.ours._metrics["train"][name]
            assert sum(parts) / len(parts) == pytest.approx(whole, rel=1e-5), name


def split(data: dict[str, Any], order: torch.Tensor) -> Iterator[dict[str, Any]]:
    for part in order.chunk(3):
        yield {name: value[part] if value.ndim else value for name, value in data.items()}


@pytest.mark.parametrize(
    ("options", "is_sorted"),
    [("loss=dapo", True), ("loss=bnpo", False), ("entropy_coefficient=0.1", False)],
)
def test_episodes_are_sorted_only_where_the_loss_allows(
    bench: Bench, options: str, is_sorted: bool
) -> None:
    pair = Pair(bench, f"algorithm.{options}")
    assert pair.ours._deals_alike() is is_sorted


def test_micro_batches_keep_the_longest_apart() -> None:
    data = batch(prompts=(7, 3, 5), width=30)
    widths = [
        int(part["completion_mask"].sum(1).max())
        for part in sorted_by_length(list(split(data, torch.randperm(12))), shares_prompts=False)
    ]
    lengths = sorted(data["completion_mask"].sum(1).tolist())
    assert widths == [lengths[3], lengths[7], lengths[11]]


def test_groups_stay_together_where_their_prompts_are_long() -> None:
    data = batch(prompts=(90, 90, 90))
    for part in sorted_by_length(list(split(data, torch.randperm(12))), shares_prompts=True):
        assert len(part["prompt_ids"].unique(dim=0)) == 1


def test_a_window_of_attention_shares_no_prompt(bench: Bench) -> None:
    setup, _ = bench.prepare()
    body = body_of(setup.base.model)
    assert takes_cache(body)
    body.config.sliding_window = 16
    assert not takes_cache(body)
