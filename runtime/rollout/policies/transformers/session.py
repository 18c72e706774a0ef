"""Who waits, who writes, and when the waiting are admitted.

A row is idle (its tool runs), waiting (it asked to write) or writing. One task drives the session:
it admits, ticks, and lets the event loop run between ticks, so that tools go on beside the model.

Admission costs a forward pass of its own, so the waiting are let gather: they are admitted when
they are a share of those who write, or have waited a few ticks, or nobody writes. With
`rollout.deterministic` they are admitted only when nobody writes and every open row waits: then
who is computed with whom, and so the last bits of each logit, does not depend on how long any tool
took. It costs the wait for the slowest tool of each round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from mrlc.runtime.rollout.policies import policy as policies
from mrlc.runtime.rollout.policies.transformers.drafts import Drafts, worthwhile
from mrlc.runtime.rollout.policies.transformers.forward import Forward, layers
from mrlc.runtime.rollout.policies.transformers.memory import tokens_that_fit
from mrlc.runtime.rollout.policies.transformers.places import Places
from mrlc.runtime.rollout.policies.transformers.prefill import prefill
from mrlc.runtime.rollout.policies.transformers.row import Row
from mrlc.runtime.rollout.policies.transformers.sampling import choose
from mrlc.runtime.rollout.policies.transformers.slots import Slots

if TYPE_CHECKING:
    from mrlc.runtime.rollout.policies.transformers.policy import TransformersPolicy

SHARE = 4
"""The waiting are admitted when there is one for so many that write."""
PATIENCE = 6
"""Ticks that a row waits for others to be admitted with."""
SETTLING = 8
"""Turns of the event loop between two ticks: an answer over a socket takes a few to arrive."""
PASS_TOKENS = 2048
"""Tokens of a pass that writes, guesses included: from there on the model is bound by arithmetic."""
PASS_LOGITS = 1 << 26
"""Logits of such a pass, so that a large vocabulary does not take the memory of the weights."""


class Batch:
    """The rows of a session and the task that drives them."""

    def __init__(self, policy: TransformersPolicy, width: int) -> None:
        self._policy = policy
        self._slots = Slots(layers(policy.model), width)
        fits = tokens_that_fit(policy.model, policy.rollout.kv_cache_gb)
        self._places = Places(self._slots, fits=fits)
        self._forward = Forward(policy.model, self._slots, pad_id=policy.pad_id)
        self._drafts = Drafts()
        self._room = min(
            PASS_TOKENS, PASS_LOGITS // policy.model.config.get_text_config().vocab_size
        )
        self._rows: dict[int, Row] = {}  # by identity, in the order of opening
        self._is_awake = asyncio.Event()
        self._driver: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._driver = asyncio.create_task(self._drive())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._driver is not None
        self._driver.cancel()
        await asyncio.wait([self._driver])

    def open(self, seed: int) -> policies.Sequence:
        """A row that samples from the stream of `seed`."""
        import torch

        row = Row(seed, torch.Generator().manual_seed(seed), self._heard)
        self._rows[id(row)] = row
        return row

    def _heard(self, row: Row) -> None:
        """A row asks to write, or is over."""
        if row.is_over:
            self._rows.pop(id(row), None)
            self._places.leave(row)
        self._is_awake.set()

    async def _drive(self) -> None:
        while True:
            await self._is_awake.wait()
            try:
                self._tick()
            except Exception as error:  # noqa: BLE001 (handed to every waiter, not hidden)
                for row in self._rows.values():
                    row.fail(error)
            if not (self._writing() or self._due()):
                self._is_awake.clear()
            for _ in range(SETTLING):
                await asyncio.sleep(0)

    def _tick(self) -> None:
        """Admit whom it is time to admit, and let each row that writes go on."""
        import torch

        with torch.inference_mode():
            due = self._due()
            if due:
                self._admit(due)
            writing = self._writing()
            if writing:
                self._write(writing)
        for row in self._rows.values():
            row.waited += row.is_waiting

    def _writing(self) -> list[Row]:
        return [row for row in self._rows.values() if row.is_writing]

    def _due(self) -> list[Row]:
        """The waiting rows, if it is time to admit them; in the order in which they get slots."""
        waiting = [row for row in self._rows.values() if row.is_waiting]
        writing = len(self._writing())
        if self._policy.rollout.deterministic:
            is_time = not writing and len(waiting) == len(self._rows)
            # By the seed, as the order in which episodes were opened depends on the tools' times.
            waiting.sort(key=lambda row: (row.slot is None, row.seed))
        else:
            is_patient = all(row.waited < PATIENCE for row in waiting)
            is_time = SHARE * len(waiting) >= writing or not is_patient
        return waiting if is_time else []

    def _admit(self, due: list[Row]) -> None:
        seated, new = self._places.seat(due)
        prefill(self._forward, self._slots, seated, new)
        for row in seated:
            row.is_writing = True

    def _write(self, writing: list[Row]) -> None:
        """A token for each row, and as many more as were rightly guessed."""
        import torch

        end_id = self._policy.end_id
        guesses = self._guesses(writing)
        slots = np.array([row.slot for row in writing], dtype=np.int64)
        chunks = [
            np.array([row.unfed[-1], *guess], dtype=np.int64)
            for row, guess in zip(writing, guesses, strict=True)
        ]
        logits = self._forward.try_out(slots, chunks)
        width = logits.shape[1]
        uniforms = torch.zeros(len(writing), width, dtype=torch.float64)
        for place, row in enumerate(writing):
            numbers = row.uniforms(width)
            uniforms[place, : len(numbers)] = torch.tensor(numbers, dtype=torch.float64)
        drawn = choose(
            logits.flatten(0, 1),
            uniforms.flatten().to(logits.device),
            temperature=self._policy.temperature,
        )
        tokens, logprobs = (
            part.view(-1, width).tolist() for part in torch.stack([one.double() for one in drawn])
        )
        for row, guess, ids, values in zip(writing, guesses, tokens, logprobs, strict=True):
            count = _standing(ids, guess, end_id)
            self._slots.lengths[row.slot] += count
            row.take([int(token) for token in ids[:count]], values[:count], self._drafts, end_id)

    def _guesses(self, writing: list[Row]) -> list[list[int]]:
        most = min(self._policy.rollout.draft_tokens, self._room // len(writing) - 1)
        if most <= 0:
            return [[] for _ in writing]
        end_id = self._policy.end_id
        found = [
            self._drafts.guess(row.context, min(most, row.left - 1), end_id=end_id)
            for row in writing
        ]
        kept = worthwhile([len(guess) for guess in found], most)
        return [guess[:kept] for guess in found]


def _standing(drawn: Sequence[int], guess: Sequence[int], end_id: int) -> int:
    """How many of the drawn tokens stand: each but the first needs its predecessor to be guessed."""
    count = 1
    for token, guessed in zip(drawn, guess, strict=False):
        if token != guessed or token == end_id:
            break
        count += 1
    return count
