"""How episodes are run: how many at once, and what is done when some fail."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mrlc.schemas.section import Section


class Rollout(Section):
    """The running of episodes, for training and for evaluation alike."""

    concurrency: Annotated[int, Field(ge=1, le=4096)] = 256
    """Episodes in flight at once in a process; more batch better and take more memory."""
    deterministic: bool = False
    """Make results independent of how long tools take, at the price of waiting for the slowest.

    Without it, who is computed with whom depends on whose tool answered first, which moves the last
    bits of log-probabilities. Tools that answer at once (replay, compute, sql) never differ.
    """
    kv_cache_gb: Annotated[float, Field(gt=0)] | None = None
    """Memory for the keys and values of episodes, 10⁹ bytes; left out: half of what is free."""
