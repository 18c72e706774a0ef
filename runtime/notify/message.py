"""A message: a firing, and which run it is about.

The JSON form is what a webhook is posted, and stays as it is:

    {"format": "mrlc.alert/1",
     "id": "desk-0123456789-s1/reward-hacking/40",     the same each time this firing is sent
     "run": "desk-0123456789-s1",                      the run's folder
     "job": "desk-0123456789" | null,                  the SageMaker job, in one
     "rule": "reward-hacking", "step": 40,
     "symptom": "…", "first_change": "…", "patch": "…" | null,
     "evidence": {…},                                  figures by name; no NaN, null instead
     "actions": ["warn", "stop"]}                      what the run does about it

More members may be added; none is renamed or taken away without another `format`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.words import block, headline, one_line, plain

FORMAT = "mrlc.alert/1"


@dataclass(frozen=True)
class Message:
    """What is told of one firing."""

    run: str
    firing: Firing
    job: str | None = None

    @property
    def id(self) -> str:
        """The same however often it is sent."""
        return f"{self.run}/{self.firing.rule}/{self.firing.step}"

    @property
    def title(self) -> str:
        """One line: the run, the rule, the symptom."""
        return f"{one_line(self.job or self.run)}: {headline(self.firing)}"

    def text(self) -> str:
        """For people, line by line."""
        run = f"run {one_line(self.run)}" + (f", job {one_line(self.job)}" if self.job else "")
        return "\n".join([*block(self.firing), "", run])

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        firing = self.firing
        return {
            "format": FORMAT,
            "id": self.id,
            "run": self.run,
            "job": self.job,
            "rule": firing.rule,
            "step": firing.step,
            "symptom": firing.symptom,
            "first_change": firing.first_change,
            "patch": firing.patch,
            "evidence": plain(firing.evidence),
            "actions": list(firing.actions),
        }

    def as_bytes(self) -> bytes:
        """The JSON form in ASCII: every letter outside it is an escape."""
        return json.dumps(self.as_json(), allow_nan=False).encode("ascii")
