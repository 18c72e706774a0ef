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
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from mrlc.runtime.rollout.policies.policy import Sequence
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


class Batch:
    """The rows of a session and the task that drives them."""

    def __init__(self, policy: TransformersPolicy, width: int) -> None:
        self._policy = policy
        self._slots = Slots(layers(policy.model), width)
        fits = tokens_that_fit(policy.model, policy.rollout.kv_cache_gb)
        self._places = Places(self._slots, fits=fits)
        self._forward = Forward(policy.model, self._slots, pad_id=policy.pad_id)
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

    def open(self, seed: int) -> Sequence:
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
        """Admit whom it is time to admit, and feed one token to each row that writes."""
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
        """One token for each row."""
        import torch

        rows = sorted((row.slot or 0, place) for place, row in enumerate(writing))
        writing = [writing[place] for _, place in rows]
        slots = np.array([slot for slot, _ in rows])
        logits = self._forward.step(slots, np.array([row.unfed[-1] for row in writing]))
        uniforms = torch.tensor([row.uniform for row in writing], dtype=torch.float64)
        uniforms = uniforms.to(logits.device)
        chosen = choose(logits, uniforms, temperature=self._policy.temperature)
        tokens, logprobs = torch.stack([part.double() for part in chosen]).tolist()
        for row, token, logprob in zip(writing, tokens, logprobs, strict=True):
            row.append(int(token), logprob, end_id=self._policy.end_id)
