"""What each saving of the training step brings: with and without, same batch, same process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM
from trl.trainer.utils import add_fused_lm_head

from mrlc.runtime.train.micro_batches import sorted_by_length
from mrlc.runtime.train.scoring import Rows, scored_log_probs

VOCABULARY, HIDDEN, LAYERS = 700, 64, 2
GROUP = 8
WRITTEN = 0.62
"""Share of a completion that the model wrote: what quickstart's episodes have."""
REPEATS = 3
Step = Callable[[], torch.Tensor]


@dataclass(frozen=True)
class Size:
    """A batch: ids a prompt, ids of the longest completion, episodes."""

    prompt: int
    completion: int
    episodes: int


QUICKSTART, LONG = Size(37, 156, 128), Size(800, 200, 32)


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    model = built_model()
    for name, size in (("quickstart", QUICKSTART), ("long prompts", LONG)):
        batch = made_batch(size)
        trl = cost(model, lambda batch=batch: of_trl(model, batch))
        apart = cost(model, lambda batch=batch: ours(model, batch, may_share=False))
        shared = cost(model, lambda batch=batch: ours(model, batch, may_share=True))
        report(f"all logits / trained ones, {name}", trl, apart)
        report(f"prompts each / once, {name}", apart, shared)
        report(f"TRL's step / ours, {name}", trl, shared)
    dealt = split(made_batch(QUICKSTART), torch.randperm(QUICKSTART.episodes))
    alike = sorted_by_length(dealt, shares_prompts=True)
    costs = [
        sum(cost(model, lambda one=one: ours(model, one, may_share=True)) for one in batches)
        for batches in (dealt, alike)
    ]
    report("micro-batches dealt / sorted", *costs)


def report(what: str, before: float, after: float) -> None:
    """One line: the ratio, and what it is of."""
    print(f"{what:<42} {before / after:5.2f}x   ({before:.3f} s / {after:.3f} s CPU)")


def built_model() -> Any:
    """A model of quickstart's size with TRL's head."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=4 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
    )
    model = LlamaForCausalLM(config)
    add_fused_lm_head(model, outputs=("log_probs", "entropy"))
    return model


def made_batch(size: Size) -> dict[str, torch.Tensor]:
    """Groups of one prompt each, completions a quarter to the whole of the longest."""
    source = torch.Generator().manual_seed(1)
    prompt = torch.randint(VOCABULARY, (size.episodes // GROUP, size.prompt), generator=source)
    shape = (size.episodes, size.completion)
    lengths = torch.randint(shape[1] // 4, shape[1] + 1, shape[:1], generator=source)
    mask = (torch.arange(shape[1]) < lengths[:, None]).long()
    prompt = prompt.repeat_interleave(GROUP, dim=0)
    return {
        "prompt_ids": prompt,
        "prompt_mask": torch.ones_like(prompt),
        "completion_ids": torch.randint(VOCABULARY, shape, generator=source),
        "completion_mask": mask,
        "tool_mask": (torch.rand(shape, generator=source) < WRITTEN).long(),
    }


def split(batch: dict[str, torch.Tensor], order: torch.Tensor) -> list[dict[str, torch.Tensor]]:
    """Four micro-batches in this order."""
    return [{name: value[part] for name, value in batch.items()} for part in order.chunk(4)]


def of_trl(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The log-probabilities as TRL's trainer computes them."""
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    width = batch["completion_ids"].size(1)
    labels = ids.masked_fill(mask == 0, -100)
    labels[:, :-width] = -100
    output = model(input_ids=ids, attention_mask=mask, labels=labels, fused_lm_head=True)
    trained = batch["completion_mask"] * batch["tool_mask"]
    return (output.log_probs[:, -width:] * trained).sum()


def ours(model: Any, batch: dict[str, torch.Tensor], *, may_share: bool) -> torch.Tensor:
    """The same, by `scoring`."""
    trained = (batch["completion_mask"] * batch["tool_mask"]).bool()
    rows = Rows(batch["prompt_ids"], batch["prompt_mask"], batch["completion_ids"], trained)
    return scored_log_probs(model, model.model, rows, may_share=may_share)[0].sum()


def cost(model: Any, step: Step) -> float:
    """Least CPU seconds of one forward and backward pass, of several."""
    costs = []
    for _ in range(REPEATS):
        model.zero_grad()
        before = time.process_time()
        step().backward()
        costs.append(time.process_time() - before)
    return min(costs)


if __name__ == "__main__":
    main()
