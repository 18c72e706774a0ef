"""The books of a run: what became of every episode that was started.

    started = scored + unscorable + replaced

`started` is what the run meant to play and says it began: the steps' own counts in `metrics.jsonl`,
the tasks of an evaluation. The rest is counted from the rows of `trajectories.jsonl`. So a row
that was lost, or written twice, shows.

Of an evaluation the greedy episodes are in the log, and here; the samples of pass@k and those on
the validation split are counted in their results alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mrlc.runtime.rollout.trajectory import StopCause

NO_MARK = "judge: no mark"
"""The cause of an episode that ended as it should, and that no judge could mark."""


@dataclass
class Account:
    """The episodes of one phase."""

    started: int = 0
    scored: int = 0
    unscorable: Counter[str] = field(default_factory=Counter)
    """By cause."""
    replaced: Counter[str] = field(default_factory=Counter)
    """By cause; each was run anew."""

    @property
    def ended(self) -> int:
        """Episodes of the log."""
        return self.scored + self.unscorable.total() + self.replaced.total()

    @property
    def is_lossless(self) -> bool:
        """Whether every episode was scored."""
        return self.started == self.scored

    @property
    def balances(self) -> bool:
        """Whether every episode that was started is accounted for."""
        return self.started == self.ended

    def enter(self, row: dict[str, Any]) -> None:
        """An episode of the log."""
        if row["reward"] is not None:
            self.scored += 1
            return
        is_broken = row["stop"] == StopCause.ENVIRONMENT_ERROR
        causes = self.replaced if row.get("replaced") else self.unscorable
        causes[row["detail"] if is_broken else NO_MARK] += 1

    def as_json(self) -> dict[str, Any]:
        """As `accounts.json` holds it."""
        return {
            "started": self.started,
            "scored": self.scored,
            "unscorable": dict(self.unscorable.most_common()),
            "replaced": dict(self.replaced.most_common()),
            "balances": self.balances,
        }


def accounts(run: Path, *, evaluated: int) -> dict[str, Account]:
    """The books by phase; `evaluated` tasks were played in each of the two evaluations."""
    found = {phase: Account(started=evaluated) for phase in ("base", "trained")}
    found["train"] = Account(started=sum(map(_begun, _rows(run / "metrics.jsonl"))))
    for row in _rows(run / "trajectories.jsonl"):
        found.setdefault(row["phase"], Account()).enter(row)
    return found


def _begun(row: dict[str, Any]) -> int:
    """Episodes that a step began; the stock engine replaces none."""
    return int(row.get("rollout/started", row["rollout/episodes"]))


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    if file.is_file():
        with file.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
