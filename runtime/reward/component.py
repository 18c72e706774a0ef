"""What the kinds of component have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from mrlc.runtime import json_values
from mrlc.runtime.endpoint import Endpoints
from mrlc.runtime.registry import Registry
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.schemas.turns import SCORE_TIMEOUT_S

Component = Callable[[Trajectory], Any]
"""Gives a number from 0 to 1 for a scorable trajectory; one that pays by turn, a list of one a turn."""


class Unscorable(Exception):
    """A component cannot say what the episode is worth, so it has no reward; never a zero."""


@runtime_checkable
class Foresighted(Protocol):
    """A component that is told of many episodes before it is asked about each."""

    def ahead(self, trajectories: Sequence[Trajectory]) -> None:
        """Prepare for scoring these, in any order."""


@dataclass(frozen=True)
class Site:
    """What a component is built from, besides its declaration."""

    inputs: Path
    path: str
    """The component in the spec, `reward.components.0`."""
    endpoints: Endpoints = field(default_factory=Endpoints)
    """Of the run, for what asks a model."""
    timeout_s: float = SCORE_TIMEOUT_S
    """For a function of the user, an episode."""


COMPONENTS: Registry[Callable[[Any, Site], Component]] = Registry("mrlc.runtime.reward")
"""Builders by `kind`; each takes the schema of its kind."""

MISSING = object()
"""The value of an answer that was not given, and of a field that it has not."""


def given(trajectory: Trajectory, field: str | None) -> Any:
    """The answer's value, or that of one field of it; else `MISSING`."""
    if trajectory.answer is None:
        return MISSING
    value = trajectory.answer.value
    if field is None:
        return value
    return value.get(field, MISSING) if isinstance(value, dict) else MISSING


def text_of(value: Any) -> str:
    """A value as text: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json_values.dumps(value)
