"""What the kinds of component have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.registry import Registry
from mrlc.runtime.rollout.trajectory import Trajectory

Component = Callable[[Trajectory], Any]
"""Gives a number from 0 to 1 for a scorable trajectory."""


@dataclass(frozen=True)
class Site:
    """What a component is built from, besides its declaration."""

    inputs: Path
    path: str
    """The component in the spec, `reward.components.0`."""


COMPONENTS: Registry[Callable[[Any, Site], Component]] = Registry("mrlc.runtime.reward")
"""Builders by `kind`; each takes the schema of its kind."""
