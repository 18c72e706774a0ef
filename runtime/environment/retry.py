"""When a tool call is made again: the environment broke under it, and it changed nothing.

A call that touches the episode is never made twice: it may have acted before it failed, and an
order that is placed twice is another episode. What the model or the tool itself refuses is an
answer, and no reason either. The wait doubles, and is drawn from its upper half, so that the
calls of a step that failed together do not come back together.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

_JITTER = random.Random()
"""A stream of its own: drawing from the common one would change what a seeded run does."""


@dataclass(frozen=True)
class Retry:
    """How often a call is made again, and after how long."""

    retries: int = 0
    backoff_s: float = 0.0
    """Before the first attempt more."""

    def waits(self) -> Iterator[float]:
        """Seconds before each attempt more."""
        for attempt in range(self.retries):
            height = self.backoff_s * 2**attempt
            yield _JITTER.uniform(height / 2, height)


NO_RETRY = Retry()
