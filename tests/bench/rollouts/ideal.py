"""What no loop on this machine can beat: the larger of two bounds, both measured here and now.

chain        an episode's tokens one after another, each a step of one row with its cache, and
             its tools: what the episode would take alone
arithmetic   the multiplications of all tokens of all episodes, each token computed once, at
             the best rate that a matrix product of the model's own shapes reaches
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .loops import Played

ROWS = (64, 256, 1024, 4096)
"""Tokens that a product may take at once."""
STEPS = 24
TRIES = 5


@dataclass(frozen=True)
class Machine:
    """What this machine gives to this model."""

    step_s: float
    """Of one row by one token."""
    flops: float
    """Of a matrix product, a second."""
    body: int
    """Weights that each token meets."""
    head: int
    """Weights that a token meets where its successor is asked for."""
    mixing: int
    """Layers × width: operations of the attention for a pair of tokens, over 4."""

    def ideal_s(self, episodes: Sequence[Played], *, tool_s: float) -> float:
        """Seconds of these episodes at best, with a tool of `tool_s` seconds between turns."""
        chain = max(self._chain_s(episode, tool_s) for episode in episodes)
        return max(chain, sum(map(self._operations, episodes)) / self.flops)

    def _chain_s(self, episode: Played, tool_s: float) -> float:
        written = episode.written
        turns = sum(a > b for a, b in zip(written, (0, *written), strict=False))
        return sum(written) * self.step_s + (turns - 1) * tool_s

    def _operations(self, episode: Played) -> float:
        tokens = len(episode.prompt) + len(episode.after)
        linear = 2 * self.body * tokens + 2 * self.head * sum(episode.written)
        return linear + 4 * self.mixing * tokens**2 / 2


def measure(model: Any, *, length: int) -> Machine:
    """Measure; a step is taken with `length` tokens in the cache."""
    import torch

    head = model.get_output_embeddings()
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not head]
    return Machine(
        step_s=_step_seconds(model, length),
        flops=max(_rate(model, rows, shape) for rows in ROWS for shape in _shapes(layers)),
        body=sum(layer.weight.numel() for layer in layers),
        head=head.weight.numel(),
        mixing=model.config.num_hidden_layers * model.config.hidden_size,
    )


def _shapes(layers: Sequence[Any]) -> set[tuple[int, int]]:
    return {(layer.in_features, layer.out_features) for layer in layers}


def _step_seconds(model: Any, length: int) -> float:
    import torch
    from transformers import DynamicCache

    cache = DynamicCache(config=model.config)
    with torch.inference_mode():
        ids = torch.ones(1, length, dtype=torch.long, device=model.device)
        model(input_ids=ids, past_key_values=cache, use_cache=True)

        def steps() -> None:
            token = ids[:, :1]
            for _ in range(STEPS):
                output = model(input_ids=token, past_key_values=cache, use_cache=True)
                token = output.logits[:, -1].argmax(-1, keepdim=True)

        return _least_seconds(steps, model) / STEPS


def _rate(model: Any, rows: int, shape: tuple[int, int]) -> float:
    import torch

    inner, outer = shape
    a = torch.randn(rows, inner, device=model.device, dtype=model.dtype)
    b = torch.randn(inner, outer, device=model.device, dtype=model.dtype)
    times = max(1, int(2e8 / (rows * inner * outer)))  # long enough for the clock

    def products() -> None:
        for _ in range(times):
            torch.mm(a, b)

    return 2.0 * rows * inner * outer * times / _least_seconds(products, model)


def _least_seconds(what: Callable[[], None], model: Any) -> float:
    """CPU time where the CPU computes, so that the machine's load does not count."""
    import torch

    is_cpu = model.device.type == "cpu"
    clock = time.process_time if is_cpu else time.perf_counter
    tries = []
    for _ in range(TRIES):
        if not is_cpu:
            torch.cuda.synchronize()
        started = clock()
        what()
        if not is_cpu:
            torch.cuda.synchronize()
        tries.append(clock() - started)
    return min(tries)
