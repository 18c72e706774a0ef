"""How episodes are run: how many at once, and what is done when some fail."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mrlc.schemas.section import Section


class Rollout(Section):
    """The running of episodes, for training and for evaluation alike."""

    concurrency: Annotated[int, Field(ge=1, le=4096)] = 256
    """Episodes in flight at once in a process; more batch better and take more memory."""
