"""The books of a run: what became of every episode that was started.

    started = scored + unscorable + replaced

`started` is what the run meant to play and says it began: the steps' own counts in `metrics.jsonl`,
the tasks of an evaluation and its samples, as often as it was made. The rest is counted from what
was recorded when the episodes had ended. So a record that was lost, or written twice, shows.

Recorded are the episodes of the training and the greedy ones of the two evaluations each in a row of
`trajectories.jsonl`. The samples of pass@k and the episodes on the validation split are never read
again, and may be many times as many: an evaluation of them is one row of `tallies.jsonl`, how many
came to what. The phases are

    base, train, trained              with rows
    base_samples, trained_samples     of pass@k
    validation                        every `evaluation.every_steps`
    ahead                             of steps that an alert forestalled: played before they were
                                      needed (`algorithm.max_steps_off_policy`), and thrown away

A run that was begun before tallies were kept has the first three alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.runtime.rollout.trajectory import StopCause, Trajectory
from mrlc.runtime.task import Split, Task
from mrlc.schemas import Experiment

if TYPE_CHECKING:
    from mrlc.runtime.record import RunFolder

SAMPLES = {"base": "base_samples", "trained": "trained_samples"}
"""The phase of an evaluation's samples, by that of its greedy episodes."""
EVALUATED = "eval/"
"""How the metrics begin that just the steps have after which the validation split was evaluated."""
AHEAD = "ahead"
"""The phase of episodes that were played for steps which never came."""
NOT_NEEDED = "training: had ended"
"""The cause of these."""
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

    def enter_tally(self, row: Mapping[str, Any]) -> None:
        """Episodes that have no rows; of those that no step asked for, the row says how many began."""
        self.started += row.get("started", 0)
        self.scored += row["scored"]
        self.unscorable.update(row["unscorable"])
        self.replaced.update(row.get("replaced", {}))

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Account:
        """As it was before `as_json`."""
        causes = Counter(found["unscorable"]), Counter(found["replaced"])
        return cls(found["started"], found["scored"], *causes)

    def as_json(self) -> dict[str, Any]:
        """As `accounts.json` holds it."""
        return {
            "started": self.started,
            "scored": self.scored,
            "unscorable": dict(self.unscorable.most_common()),
            "replaced": dict(self.replaced.most_common()),
            "balances": self.balances,
        }


@dataclass(frozen=True)
class Planned:
    """The episodes that a run means to play, besides those of its training."""

    evaluated: int
    """Tasks of each of the two evaluations."""
    samples: int = 0
    """Sampled episodes of each of these tasks."""
    validated: int = 0
    """Tasks of an evaluation on the validation split."""

    @classmethod
    def of(cls, experiment: Experiment, tasks: Mapping[Split, Sequence[Task]]) -> Planned:
        """As the plan has it."""
        section = experiment.evaluation
        samples = section.samples_per_task if section.pass_at else 0
        return cls(len(tasks["test"]), samples, len(tasks["validation"]))


def tally(trajectories: Iterable[Trajectory]) -> dict[str, Any]:
    """What became of episodes that have no rows: a row of `tallies.jsonl`."""
    scorable, broken = 0, Counter[str]()
    for one in trajectories:
        if one.is_scorable:
            scorable += 1
        else:
            broken[one.detail] += 1
    return {"scored": scorable, "unscorable": dict(sorted(broken.items()))}


def tally_ahead(episodes: Sequence[Trajectory], replaced: Sequence[Trajectory]) -> dict[str, Any]:
    """What became of episodes that were played for steps which never came: nothing was made of them."""
    lost = Counter(NOT_NEEDED if one.is_scorable else one.detail for one in episodes)
    return {
        "started": len(episodes) + len(replaced),
        "scored": 0,
        "unscorable": dict(sorted(lost.items())),
        "replaced": dict(sorted(Counter(one.detail for one in replaced).items())),
    }


def accounts(run: RunFolder, planned: Planned) -> dict[str, Account]:
    """The books by phase."""
    found = {phase: Account(started=planned.evaluated) for phase in SAMPLES}
    metrics = list(_rows(run.metrics))
    found["train"] = Account(started=sum(map(_begun, metrics)))
    for row in _rows(run.trajectories):
        found.setdefault(row["phase"], Account()).enter(row)
    if run.has_tallies():
        evaluations = sum(any(name.startswith(EVALUATED) for name in row) for row in metrics)
        found["validation"] = Account(started=planned.validated * evaluations)
        for phase in SAMPLES.values():
            found[phase] = Account(started=planned.evaluated * planned.samples)
        for row in _rows(run.tallies):
            found.setdefault(row["phase"], Account()).enter_tally(row)
    return found


def kept(run: RunFolder) -> dict[str, Account]:
    """The books of a finished run as `accounts.json` holds them; none where there is no such file."""
    if not run.accounts.is_file():
        return {}
    found = json.loads(run.accounts.read_text("utf-8"))
    return {phase: Account.of_json(one) for phase, one in found.items()}


def _begun(row: dict[str, Any]) -> int:
    """Episodes that a step began; the stock engine replaces none."""
    return int(row.get("rollout/started", row["rollout/episodes"]))


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    if file.is_file():
        with file.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
