"""Sampling from a transformers model, with the KV cache kept from turn to turn.

All sequences that were opened together share one batched cache. When every one that is
still open has asked to write, the batch advances by one turn: the new ids of each row are
fed as one ragged chunk, then tokens are sampled until every row has ended its turn. Rows
differ in length, so the cache has holes, which the attention mask hides and the explicit
positions skip. Work grows with the tokens of an episode; nothing is prefilled again.

Each sequence samples from its own stream of uniform numbers by inverting its cumulative
distribution, so a row's choices never depend on its neighbours' random numbers.
"""

from __future__ import annotations

import asyncio
from collections import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mrlc.runtime.rollout.policies.policy import Sequence, Written

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


class TransformersPolicy:
    """A causal language model as a policy. Reads the weights at each turn; never writes them."""

    def __init__(
        self,
        model: PreTrainedModel,
        *,
        end_id: int,
        pad_id: int,
        temperature: float,
    ) -> None:
        """`temperature` 0 is greedy; log-probs are then those of temperature 1."""
        self.model = model
        self.end_id = end_id
        self.pad_id = pad_id
        self.temperature = temperature

    @property
    def context(self) -> int:
        """Tokens that a sequence may have."""
        return int(getattr(self.model.config, "max_position_embeddings", 1 << 20))

    def open(self, seeds: abc.Sequence[int]) -> list[Sequence]:
        """A new batch with one row for each seed."""
        batch = _Batch(self, seeds)
        return list(batch.rows)


@dataclass
class _Request:
    ids: list[int]
    max_tokens: int
    future: asyncio.Future[Written]


class _Row:
    """One sequence: its stream of random numbers and the last token, not yet in the cache."""

    def __init__(self, batch: _Batch, seed: int) -> None:
        import torch

        self._batch = batch
        self.stream = torch.Generator().manual_seed(seed)
        self.unfed: list[int] = []
        self.request: _Request | None = None
        self.is_open = True

    async def write(self, ids: abc.Sequence[int], *, max_tokens: int) -> Written:
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self.request = _Request([*self.unfed, *ids], max_tokens, future)
        self._batch.advance_if_ready()
        return await future

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self.request = None
            self._batch.advance_if_ready()


class _Batch:
    """The rows of one wave and their shared cache."""

    def __init__(self, policy: TransformersPolicy, seeds: abc.Sequence[int]) -> None:
        self._policy = policy
        self.rows = [_Row(self, seed) for seed in seeds]
        self._cached: list[_Row] = []  # the cache's rows, in its order
        self._cache: Any = None
        self._mask: torch.Tensor | None = None  # (rows, columns): 1 where the cache holds a token
        self._lengths: torch.Tensor | None = None  # (rows,): tokens of each sequence so far

    def advance_if_ready(self) -> None:
        """Advance by a turn when nobody is left to wait for; failures reach every waiter."""
        self.rows = [row for row in self.rows if row.is_open]
        if not self.rows:
            self._cached, self._cache, self._mask, self._lengths = [], None, None, None
        elif all(row.request is not None for row in self.rows):
            try:
                self._advance()
            except Exception as error:  # noqa: BLE001 -- handed to every waiter, not hidden
                for row in self.rows:
                    if row.request is not None and not row.request.future.done():
                        row.request.future.set_exception(error)

    def _advance(self) -> None:
        import torch

        model = self._policy.model
        was_training = model.training
        model.eval()
        try:
            with torch.inference_mode():
                self._keep_rows()
                logits = self._feed([_request(row).ids for row in self.rows])
                written = self._sample_turn(logits)
        finally:
            model.train(was_training)
        for row, turn in zip(list(self.rows), written, strict=True):
            request, row.request = _request(row), None
            row.unfed = [turn.ids[-1]]
            if not request.future.done():
                request.future.set_result(turn)

    def _keep_rows(self) -> None:
        """Bring the cache's rows in line with the open ones."""
        import torch
        from transformers import DynamicCache

        model = self._policy.model
        if self._cache is None:
            self._cache = DynamicCache(config=model.config)
            self._mask = torch.zeros(len(self.rows), 0, dtype=torch.long, device=model.device)
            self._lengths = torch.zeros(len(self.rows), dtype=torch.long, device=model.device)
        elif len(self.rows) < len(self._cached):
            assert self._mask is not None
            assert self._lengths is not None
            place = {id(row): i for i, row in enumerate(self._cached)}
            kept = torch.tensor([place[id(row)] for row in self.rows], device=model.device)
            self._cache.batch_select_indices(kept)
            self._mask, self._lengths = self._mask[kept], self._lengths[kept]
        self._cached = list(self.rows)

    def _feed(self, chunks: list[list[int]]) -> torch.Tensor:
        """Put a ragged chunk into the cache; the logits (rows, vocabulary) after each last token."""
        import torch

        model = self._policy.model
        assert self._mask is not None
        assert self._lengths is not None
        sizes = torch.tensor([len(chunk) for chunk in chunks], device=model.device)
        width = max(len(chunk) for chunk in chunks)
        padded = [chunk + [self._policy.pad_id] * (width - len(chunk)) for chunk in chunks]
        columns = torch.arange(width, device=model.device)[None]
        self._mask = torch.cat([self._mask, (columns < sizes[:, None]).long()], dim=1)
        hidden = _body(model)(
            input_ids=torch.tensor(padded, device=model.device),
            attention_mask=self._mask,
            position_ids=self._lengths[:, None] + columns,
            past_key_values=self._cache,
            use_cache=True,
        ).last_hidden_state
        self._lengths = self._lengths + sizes
        rows = torch.arange(len(chunks), device=model.device)
        logits: torch.Tensor = model.get_output_embeddings()(hidden[rows, sizes - 1])
        return logits

    def _sample_turn(self, logits: torch.Tensor) -> list[Written]:
        """Sample every row to the end of its turn, one token a row a step."""
        import torch

        limits = torch.tensor([_request(row).max_tokens for row in self.rows])
        steps = int(limits.max())
        uniforms = torch.stack(
            [torch.rand(steps, generator=row.stream, dtype=torch.float64) for row in self.rows]
        ).to(logits.device)
        limits = limits.to(logits.device)
        active = torch.ones(len(self.rows), dtype=torch.bool, device=logits.device)
        tokens, logprobs, written = [], [], []
        for step in range(steps):
            token, logprob = self._choose(logits, uniforms[:, step])
            tokens.append(token)
            logprobs.append(logprob)
            written.append(active)
            active = active & (token != self._policy.end_id) & (step + 1 < limits)
            if not active.any():
                break
            logits = torch.where(active[:, None], self._step(token, active), logits)
        return self._collect(
            torch.stack(tokens, 1), torch.stack(logprobs, 1), torch.stack(written, 1)
        )

    def _choose(
        self, logits: torch.Tensor, uniform: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """One token a row and its log-probability, both (rows,)."""
        import torch

        temperature = self._policy.temperature
        logprobs = torch.log_softmax(logits.float() / (temperature or 1.0), dim=-1)
        if temperature == 0:
            token = logprobs.argmax(dim=-1)
        else:
            cumulative = logprobs.double().exp().cumsum(dim=-1)
            threshold = (uniform * cumulative[:, -1])[:, None]
            token = torch.searchsorted(cumulative, threshold, right=True).squeeze(1)
            token = token.clamp(max=logits.shape[-1] - 1)
        return token, logprobs.gather(1, token[:, None]).squeeze(1)

    def _step(self, token: torch.Tensor, active: torch.Tensor) -> torch.Tensor:
        """Feed one token to each active row; a row at rest gets a hole."""
        import torch

        assert self._mask is not None
        assert self._lengths is not None
        self._mask = torch.cat([self._mask, active.long()[:, None]], dim=1)
        output = self._policy.model(
            input_ids=torch.where(active, token, self._policy.pad_id)[:, None],
            attention_mask=self._mask,
            position_ids=self._lengths[:, None],
            past_key_values=self._cache,
            use_cache=True,
        )
        self._lengths = self._lengths + active.long()
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def _collect(
        self, tokens: torch.Tensor, logprobs: torch.Tensor, written: torch.Tensor
    ) -> list[Written]:
        counts = written.sum(dim=1).tolist()
        turns = zip(tokens.tolist(), logprobs.tolist(), counts, strict=True)
        return [
            Written(tuple(ids[:n]), tuple(values[:n]), has_ended=ids[n - 1] == self._policy.end_id)
            for ids, values, n in turns
        ]


def _request(row: _Row) -> _Request:
    assert row.request is not None
    return row.request


def _body(model: Any) -> Any:
    """The model without its output layer, so that logits are made only where they are read."""
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    return inner.base_model
