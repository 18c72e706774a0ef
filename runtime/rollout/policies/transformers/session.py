"""Who waits, who writes, and who goes into the next pass of the model.

A row is idle (its tool runs), waiting (it asked to write) or writing (it has a slot with room for
its turn). One task drives the session: a pass, then the event loop runs, so that tools go on beside
the model, then the next pass with whoever is ready by then. A pass takes what each row has to be
fed, a prompt, a tool's result or the last token, and guesses at what follows, until it is full.
Where tools take time it leaves some rows for the next, which is computed while the tools of the first
are running. Who has begun a turn comes first, so that it ends and its tool runs while others are
computed; then who was not served for longest.

With `rollout.deterministic` rows are admitted only when nobody writes and every open row waits: then
who is computed with whom, and so the last bits of each logit, does not depend on how long any tool
took. It costs the wait for the slowest tool of each round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from mrlc.runtime.rollout.policies import policy as policies
from mrlc.runtime.rollout.policies.transformers.attention import check_attention
from mrlc.runtime.rollout.policies.transformers.drafts import Drafts
from mrlc.runtime.rollout.policies.transformers.forward import Forward, layers
from mrlc.runtime.rollout.policies.transformers.memory import tokens_that_fit
from mrlc.runtime.rollout.policies.transformers.passage import Chunk, Ints
from mrlc.runtime.rollout.policies.transformers.places import Places
from mrlc.runtime.rollout.policies.transformers.row import Row
from mrlc.runtime.rollout.policies.transformers.sampling import choose
from mrlc.runtime.rollout.policies.transformers.slots import WORTHWHILE, Slots, is_lazy

if TYPE_CHECKING:
    from mrlc.runtime.rollout.policies.transformers.policy import TransformersPolicy

SETTLING = 8
"""Turns of the event loop between two passes: an answer over a socket takes a few to arrive."""
GATHERING_S = 0.002
"""How long the first to come back to an idle session waits for others: tools that were called
together often answer together, and a pass for one costs nearly what one for ten does."""
PASS_LOGITS = 1 << 26
"""Logits of a pass, so that a large vocabulary does not take the memory of the weights."""


@dataclass(frozen=True)
class PassTokens:
    """How many tokens go into a pass."""

    fewest: int
    """From there on arithmetic takes the time, so that two passes cost what one for both does. Then
    those who are ready go in two: the tools of the first run while the second is computed."""
    most: int
    """More would not be faster, and what the layers hand on would leave the caches."""


CPU = PassTokens(384, 1024)
ACCELERATOR = PassTokens(2048, 8192)


@dataclass(frozen=True)
class _Fed:
    """What one row is given in a pass."""

    row: Row
    chunk: Chunk
    told: int
    """Tokens of the chunk that are not guessed."""
    source: int
    """Slot whose first `chunk.start` tokens are this row's too; its own, but where it is new."""
    asked: int
    """Tokens at its end after which the model says what follows: none, where it has more to be told."""


class Batch:
    """The rows of a session and the task that drives them."""

    def __init__(self, policy: TransformersPolicy, width: int) -> None:
        check_attention(policy.model)
        self._policy = policy
        self._slots = Slots(layers(policy.model), width)
        fits = tokens_that_fit(policy.model, policy.rollout.kv_cache_gb)
        self._places = Places(
            self._slots, fits=fits, context=policy.context, is_lazy=is_lazy(policy.model.device)
        )
        self._forward = Forward(policy.model, self._slots)
        self._drafts = Drafts(policy.frames) if policy.drafts is None else policy.drafts
        self._tokens = CPU if policy.model.device.type == "cpu" else ACCELERATOR
        self._logits = max(1, PASS_LOGITS // policy.model.config.get_text_config().vocab_size)
        self._rows: dict[int, Row] = {}  # by identity; who was not served for longest is first
        self._tools_take_time = False
        """Whether one had not answered by the next pass."""
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
        import torch

        while True:
            if not self._is_awake.is_set():
                await self._is_awake.wait()
                await asyncio.sleep(GATHERING_S)
            try:
                with torch.inference_mode():
                    self._tick()
            except Exception as error:  # noqa: BLE001 (handed to every waiter, not hidden)
                for row in self._rows.values():
                    row.fail(error)
            if not (self._writing() or self._due()):
                self._is_awake.clear()
            for _ in range(SETTLING):
                await asyncio.sleep(0)
            if not self._policy.rollout.deterministic:  # there all tools are waited for
                self._tools_take_time |= any(row.is_away for row in self._rows.values())

    def _tick(self) -> None:
        """Admit whom it is time to admit, and take one pass."""
        due = self._due()
        if due:
            self._admit(due)
        fed = self._chosen()
        if fed:
            self._inherit(fed)
            self._feed(fed)

    def _writing(self) -> list[Row]:
        return [row for row in self._rows.values() if row.is_writing]

    def _due(self) -> list[Row]:
        """The waiting rows that may be admitted now, in the order in which they get slots."""
        waiting = [row for row in self._rows.values() if row.is_waiting]
        if not self._policy.rollout.deterministic:
            return waiting
        if self._writing() or len(waiting) < len(self._rows):
            return []
        # By the seed, as the order in which episodes were opened depends on the tools' times.
        return sorted(waiting, key=lambda row: (row.slot is None, row.seed))

    def _admit(self, due: list[Row]) -> None:
        for row in self._places.seat(due):
            row.is_writing = True
        if self._policy.rollout.deterministic:
            self._rows = {id(row): row for row in sorted(self._rows.values(), key=_seed)}

    def _chosen(self) -> list[_Fed]:
        """Who goes into the next pass, and with what.

        A row that is new takes over what a slot holds of its prompt. It stays behind if another of
        the same pass is about to compute more of it: one of a group goes ahead with the prompt, or
        with the system's message, and the others copy it.
        """
        chosen: list[_Fed] = []
        new: list[Ints] = []
        writing = sorted(self._writing(), key=lambda row: not row.has_begun)
        tokens, logits = self._room(writing), self._logits
        for row in writing:
            if not (tokens and logits):
                break
            assert row.slot is not None
            source, held = row.slot, int(self._slots.lengths[row.slot])
            unfed = row.unfed
            if row.is_new:
                ids = np.array(unfed, dtype=np.int64)
                source, held = self._slots.common(ids[:-1])
                if any(_common(ids[:-1], other) >= held + WORTHWHILE for other in reversed(new)):
                    continue
                unfed = unfed[held:]
            whole = min(len(unfed) + self._guessed(row), self._tokens.most)
            if chosen and 2 * tokens < whole:
                break  # a row that is cut is attended to twice
            if row.is_new:
                new.append(ids)
                row.unfed = unfed
            told = unfed[:tokens]
            guess, asked = [], 0
            if len(told) == len(unfed):
                guess = self._guess(row, min(tokens - len(told), logits - 1))
                asked = len(guess) + 1
            chunk = Chunk(row.slot, held, [*told, *guess])
            tokens -= len(chunk.ids)
            logits -= asked
            chosen.append(_Fed(row, chunk, len(told), source, asked))
        return chosen

    def _room(self, writing: Sequence[Row]) -> int:
        """Tokens of the next pass: half of what several rows want, if tools are worth waiting for."""
        if len(writing) == 1 or not self._tools_take_time:
            return self._tokens.most
        wanted = sum(len(row.unfed) + self._guessed(row) for row in writing)
        return min(self._tokens.most, max(self._tokens.fewest, wanted // 2))

    def _guessed(self, row: Row) -> int:
        """Tokens that are guessed at most of what a row writes next."""
        return min(self._policy.rollout.draft_tokens, row.left - 1)

    def _guess(self, row: Row, room: int) -> list[int]:
        most = min(room, self._guessed(row))
        return self._drafts.guess(row.context, most, end_id=self._policy.end_id)

    def _inherit(self, fed: Sequence[_Fed]) -> None:
        """Give the new the prefixes that other slots hold."""
        new = [one for one in fed if one.row.is_new]
        for one in new:
            one.row.is_new = False
        if new:
            columns = zip(
                *((one.source, one.chunk.slot, one.chunk.start) for one in new), strict=True
            )
            self._slots.copy(*(np.array(column, dtype=np.int64) for column in columns))

    def _feed(self, fed: Sequence[_Fed]) -> None:
        """A pass: a token for each row that was told all, and as many more as were rightly guessed."""
        import torch

        logits = self._forward.run([one.chunk for one in fed], [one.asked for one in fed])
        uniforms = [number for one in fed for number in one.row.uniforms(one.asked)]
        drawn = choose(
            logits,
            torch.tensor(uniforms, dtype=torch.float64, device=logits.device),
            temperature=self._policy.temperature,
        )
        tokens, logprobs = torch.stack([part.double() for part in drawn]).tolist()
        end_id, place = self._policy.end_id, 0
        for one in fed:
            row, here = one.row, slice(place, place + one.asked)
            place += one.asked
            self._slots.lengths[one.chunk.slot] = one.chunk.start + one.told
            if not one.asked:
                row.unfed = row.unfed[one.told :]
                continue
            self._rows[id(row)] = self._rows.pop(id(row))  # behind those that were not served
            ids = [int(token) for token in tokens[here]]
            count = _standing(ids, one.chunk.ids[one.told :], end_id)
            self._slots.lengths[one.chunk.slot] += count - 1
            row.take(ids[:count], logprobs[here][:count], self._drafts, end_id)


def _seed(row: Row) -> int:
    return row.seed


def _common(one: Ints, other: Ints) -> int:
    """Length of the common prefix."""
    width = min(len(one), len(other))
    differs = one[:width] != other[:width]
    return int(differs.argmax()) if differs.any() else width


def _standing(drawn: Sequence[int], guess: Sequence[int], end_id: int) -> int:
    """How many of the drawn tokens stand: each but the first needs its predecessor to be guessed."""
    count = 1
    for token, guessed in zip(drawn, guess, strict=False):
        if token != guessed or token == end_id:
            break
        count += 1
    return count
