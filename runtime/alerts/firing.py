"""What an alert says when it fires: the rule, the evidence, and the first thing to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Firing:
    """One rule fired, once, after one step."""

    rule: str
    step: int
    symptom: str
    """What is wrong, in words."""
    evidence: Mapping[str, Any]
    """The figures of the window that decided, as JSON holds them."""
    first_change: str
    """The first thing to change, within the limits of this model and spec."""
    patch: str | None
    """What to set in the spec, as `mrlc check --set` takes it, several by line; None: nothing."""
    actions: tuple[str, ...]
    """`warn`, `stop` or `roll_back`, in the spec's order."""
    notify: tuple[str, ...] = ()
    """Names of channels that must hear of it."""

    def as_json(self) -> dict[str, Any]:
        """As alerts.jsonl holds it."""
        return {**asdict(self), "actions": list(self.actions), "notify": list(self.notify)}
