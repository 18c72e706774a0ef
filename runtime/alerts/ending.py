"""A training that an alert has ended: the run's `stopped.json` holds the firing.

It is written before the checkpoint of that step. So a run that is resumed knows by its newest
checkpoint what to do: one of that step or later means that the training is over; an older one means
that it never got so far on disk, and what was written of its end is taken back.
"""

from __future__ import annotations

import json
from pathlib import Path

from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.words import one_line, plain
from mrlc.runtime.files import write_json

FILE = "stopped.json"
ENDS = frozenset({"stop", "roll_back"})
"""The actions that end a training."""


def ends(firing: Firing) -> bool:
    """Whether a firing ends the training."""
    return not ENDS.isdisjoint(firing.actions)


def write_end(run: Path, firing: Firing) -> None:
    """Keep which firing ended the training of a run's folder."""
    write_json(run / FILE, plain(firing.as_json()))


def ended_by(folder: Path) -> Firing | None:
    """The firing that ended the training of a run, from its folder or from a job's reports."""
    try:
        found = json.loads((folder / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return None
    lists = {name: tuple(found[name]) for name in ("actions", "notify")}
    return Firing(**{**found, **lists})


def take_back_end(run: Path, *, reached: int) -> None:
    """Forget an end that lies beyond the step that the newest checkpoint has reached."""
    found = ended_by(run)
    if found is not None and found.step > reached:
        (run / FILE).unlink()


def sentence(firing: Firing) -> str:
    """How a run that an alert has ended is told of, on one line."""
    why = one_line(firing.symptom)
    change = f". First change: {one_line(firing.first_change)}" if firing.first_change else ""
    return f"stopped by alert {one_line(firing.rule)} at step {firing.step}: {why}{change}"
