"""What no loop on this machine can beat: the larger of two bounds, both measured here and now.

chain        an episode's tokens one after another, each a step of one row with its cache, and
             its tools: what the episode would take alone
arithmetic   the multiplications of all tokens of all episodes, each token computed once, at
             the rate of that matrix product of the model's own shapes which is the fastest

Others on the same hardware slow a machine down by half at times, for seconds or for minutes. So the
rate is taken while mrlc runs: before each pass of its model the product is timed, off the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import harmonic_mean
from typing import Any, TypeVar

import torch

from .clock import Cost, stopped
from .loops import Played

ROWS = (64, 256, 1024, 4096)
"""Tokens that a product may take at once."""
STEPS = 24
TRIES = 9
"""Of each product, to find the fastest."""

T = TypeVar("T")


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


class Gauge:
    """Measures what the machine gives to a model."""

    def __init__(self, model: Any) -> None:
        head = model.get_output_embeddings()
        layers = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m is not head]
        self._model = model
        self._body = sum(layer.weight.numel() for layer in layers)
        self._head = head.weight.numel()
        shapes = {(layer.in_features, layer.out_features) for layer in layers}
        products = [_Product(model, rows, *shape) for shape in sorted(shapes) for rows in ROWS]
        self._product = max(products, key=lambda one: max(one.flops() for _ in range(TRIES)))

    def watch(self, play: Callable[[], tuple[T, Cost]], *, length: int) -> tuple[T, Cost, Machine]:
        """Run a loop, and measure meanwhile; a step is taken with `length` tokens in the cache."""
        rates: list[float] = []

        def note(*_: Any) -> None:
            with stopped():
                self._product.flops()  # brings its operands back into the caches
                rates.append(self._product.flops())

        before_s = self._step_seconds(length)
        hook = self._model.register_forward_pre_hook(note)
        try:
            found, cost = play()
        finally:
            hook.remove()
        machine = Machine(
            step_s=(before_s + self._step_seconds(length)) / 2,
            flops=harmonic_mean(rates),
            body=self._body,
            head=self._head,
            mixing=self._model.config.num_hidden_layers * self._model.config.hidden_size,
        )
        return found, cost, machine

    def _step_seconds(self, length: int) -> float:
        from transformers import DynamicCache

        cache = DynamicCache(config=self._model.config)
        with torch.inference_mode():
            ids = torch.ones(1, length, dtype=torch.long, device=self._model.device)
            self._model(input_ids=ids, past_key_values=cache, use_cache=True)

            def steps() -> None:
                token = ids[:, :1]
                for _ in range(STEPS):
                    output = self._model(input_ids=token, past_key_values=cache, use_cache=True)
                    token = output.logits[:, -1].argmax(-1, keepdim=True)

            return _seconds(steps, self._model) / STEPS


class _Product:
    """A matrix product of so many rows by one of a model's weights."""

    def __init__(self, model: Any, rows: int, inner: int, outer: int) -> None:
        self._model = model
        self._a = torch.randn(rows, inner, device=model.device, dtype=model.dtype)
        self._b = torch.randn(inner, outer, device=model.device, dtype=model.dtype)
        self._operations = 2.0 * rows * inner * outer

    def flops(self) -> float:
        """Operations a second, now."""
        return self._operations / _seconds(lambda: torch.mm(self._a, self._b), self._model)


def _seconds(what: Callable[[], object], model: Any) -> float:
    """CPU time where the CPU computes, so that the queue for a core does not count."""
    is_cpu = model.device.type == "cpu"
    clock = time.process_time if is_cpu else time.perf_counter
    if not is_cpu:
        torch.cuda.synchronize()
    started = clock()
    what()
    if not is_cpu:
        torch.cuda.synchronize()
    return clock() - started
