"""What the two engines have in common: a trainer, and the metrics of its last step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Loop:
    """A GRPOTrainer that is ready to train."""

    trainer: Any
    metrics: Callable[[], dict[str, float]]
    """Of the episodes of the last step."""
