"""The model and how it is sampled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mrlc.runtime.rollout.policies.policy import Session
from mrlc.schemas.rollout import Rollout

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from mrlc.runtime.rollout.policies.transformers.drafts import Drafts


class TransformersPolicy:
    """A causal language model as a policy. Reads the weights at each tick; never writes them."""

    def __init__(
        self,
        model: PreTrainedModel,
        *,
        end_id: int,
        temperature: float,
        rollout: Rollout,
        frames: Sequence[Sequence[int]] = (),
        drafts: Drafts | None = None,
    ) -> None:
        """`temperature` 0 is greedy; log-probs are then those of temperature 1.

        `drafts` learn from each session for the next; left out, each session starts with what two
        of `frames` have in common.
        """
        self.model = model
        self.end_id = end_id
        self.temperature = temperature
        self.rollout = rollout
        self.frames = frames
        self.drafts = drafts

    @property
    def context(self) -> int:
        """Tokens that a sequence may have."""
        return int(getattr(self.model.config, "max_position_embeddings", 1 << 20))

    @asynccontextmanager
    async def session(self, width: int) -> AsyncIterator[Session]:
        """A batch with a cache of its own, in evaluation mode as long as it lasts."""
        from mrlc.runtime.rollout.policies.transformers.session import Batch

        was_training = self.model.training
        self.model.eval()
        try:
            async with Batch(self, width) as batch:
                yield batch
        finally:
            self.model.train(was_training)
