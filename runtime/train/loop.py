"""What the two engines have in common: a trainer, and the metrics of its last step."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Loop:
    """A GRPOTrainer that is ready to train."""

    trainer: Any
    metrics: Callable[[], dict[str, float]]
    """Of the episodes of the last step."""
    rest: Callable[[], None] = lambda: None
    """Wait until no episode is being played: two at a time in one environment are strangers."""
    playing: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Lasts as long as the training; at its end nothing is played any more."""
