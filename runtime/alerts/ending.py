"""A training that a rule has ended: by which rule, when, and what the run's model is.

Written to stopped.json before the model is saved, so a run that is resumed in between ends alike.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.files import write_json
from mrlc.runtime.record import RunFolder
from mrlc.schemas.alerts import ENDS

FILE = "stopped.json"


@dataclass(frozen=True)
class Ending:
    """How a rule ended a training."""

    rule: str
    step: int
    """At which it fired."""
    since: int
    """The first step of the symptom."""
    rolls_back: bool
    model_step: int | None = None
    """The step of the weights that the run ends with, 0 for the base; None until it is known."""

    @property
    def says(self) -> str:
        """In words."""
        stopped = f"stopped by alert {self.rule} at step {self.step}"
        if not self.rolls_back:
            return stopped
        to = f"the checkpoint of step {self.model_step}" if self.model_step else "the base model"
        return f"{stopped}, rolled back to {to}, from before step {self.since} when it began"


def ending_of(firings: Sequence[Firing]) -> Ending | None:
    """The ending that firings of one step ask for; to roll back goes further than to stop."""
    ends = [one for one in firings if set(one.actions) & set(ENDS)]
    ends.sort(key=lambda one: "roll_back" not in one.actions)
    if not ends:
        return None
    first = ends[0]
    since = int(first.evidence["since"])
    return Ending(first.rule, first.step, since, "roll_back" in first.actions)


def keep(run: RunFolder, ending: Ending) -> None:
    """Write it into the run."""
    write_json(run.path / FILE, asdict(ending))


def kept(run: RunFolder) -> Ending | None:
    """How a rule ended the run, if one did."""
    file = run.path / FILE
    if not file.is_file():
        return None
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return Ending(**found)
