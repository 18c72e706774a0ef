"""A finished run under rules: what would have fired when, by its metrics.jsonl.

The rules are those of the run's own plan or of another one. For a firing of `reward-hacked`, or of
any rule that looks at both reward and evaluation, the episodes of its steps are scored as the
evaluation would: those that are paid most and fail are what to read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mrlc.runtime.agreement import Agreement, Judged, Offender, agreement, offenders
from mrlc.runtime.alerts.ending import Ending, ending_of, kept
from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.watch import Watch
from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.outcomes import SUCCESS
from mrlc.runtime.record import RunFolder
from mrlc.runtime.scorers import load_scorer
from mrlc.runtime.setup import SPLITS, load_plan
from mrlc.runtime.tasks import load_tasks
from mrlc.runtime.trajectories import stored_episodes
from mrlc.schemas import Plan
from mrlc.schemas.guide import REWARD, SCORE, rules_in_force

FORMAT = "mrlc.alerts/1"
EXCERPT = 200
"""Characters shown of a turn."""


@dataclass(frozen=True)
class Disagreement:
    """Where the reward and the evaluation part, over the training episodes of some steps."""

    first: int
    last: int
    episodes: int
    agreement: Agreement
    offenders: list[Offender]
    """Failures that are paid most."""


@dataclass(frozen=True)
class Replay:
    """What rules say of a run."""

    steps: int
    """With metrics."""
    rules: list[str]
    """In force, by name."""
    firings: list[Firing]
    ending: Ending | None
    """How the rules would have ended the training; what came after is what it was spared."""
    recorded: Ending | None
    """How a rule did end it."""
    disagreements: dict[str, Disagreement] = field(default_factory=dict)
    """By rule."""

    def as_json(self) -> dict[str, Any]:
        """As `-f json` prints it."""
        firings = [one.as_json() for one in self.firings]
        return {"format": FORMAT, **asdict(self), "firings": firings}


def replay(run: RunFolder, folder: Path) -> Replay:
    """Apply the rules of the plan in `folder` to a run's metrics.

    Raises:
        PlanBroken: a plan, the metrics or a stored episode cannot be read.
    """
    plan = load_plan(folder)
    watch = Watch.of(plan.experiment, hidden_size=_hidden_size(run))
    firings, ending, steps = [], None, 0
    for row in _rows(run.path / "metrics.jsonl"):
        steps = int(row["step"])
        fired = watch.observe(steps, row)
        firings += fired
        ending = ending or ending_of(fired)
    first = {one.rule: one for one in reversed(firings)}
    disagreements = {
        rule: _disagreement(run, one) for rule, one in first.items() if _sets_apart(one)
    }
    return Replay(
        steps=steps,
        rules=[rule.name for rule in rules_in_force(plan.experiment)],
        firings=firings,
        ending=ending,
        recorded=kept(run),
        disagreements={rule: one for rule, one in disagreements.items() if one is not None},
    )


def _sets_apart(firing: Firing) -> bool:
    """Whether a rule sets the reward against the evaluation."""
    metrics = {one["metric"] for one in firing.evidence["conditions"]}
    return {REWARD, SCORE} <= metrics


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """The metrics of each step; the half of a line that a kill leaves is none."""
    try:
        lines = file.read_text("utf-8").splitlines(keepends=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PlanBroken(file, f"no metrics: {reason}", help="mrlc run writes them") from None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            int(row["step"])
        except (ValueError, TypeError, KeyError):
            if not line.endswith("\n"):
                return
            help = "each row holds the metrics of one step as mrlc run wrote them"
            raise PlanBroken(file, "not a row of metrics", help=help, line=number) from None
        yield row


def _disagreement(run: RunFolder, firing: Firing) -> Disagreement | None:
    """The episodes of the firing's window; None where the run has none, as under TRL's own loop."""
    plan, inputs = load_plan(run.plan), run.plan / "inputs"
    limit = plan.experiment.turns.score_timeout_s
    scorer = load_scorer(plan.experiment.evaluation, inputs, timeout_s=limit)
    since = int(firing.evidence["since"])
    judged: list[Judged] = []
    candidates: list[Offender] = []
    for stored in stored_episodes(run.trajectories, _tasks(plan, inputs)):
        if stored.phase != "train" or stored.step is None or stored.reward is None:
            continue
        if not since <= stored.step <= firing.step:
            continue
        score, trajectory = scorer.score(stored.trajectory), stored.trajectory
        judged.append(Judged(stored.reward.total, score, stored.reward.components))
        if score is not None and score < SUCCESS:
            text = trajectory.turns[-1].text[-EXCERPT:] if trajectory.turns else ""
            about = (trajectory.task.id, stored.phase, stored.step, trajectory.member)
            paid, components = stored.reward.total, dict(stored.reward.components)
            candidates.append(Offender(*about, paid, score, text, components))
    if not judged:
        return None
    # One of each task, the most paid, of equals the latest: a group often fails as one.
    candidates.sort(key=lambda one: (one.reward, one.step or 0))
    candidates = list({one.task: one for one in candidates}.values())[::-1]
    return Disagreement(since, firing.step, len(judged), agreement(judged), offenders(candidates))


def _tasks(plan: Plan, inputs: Path) -> dict[tuple[str, str], Any]:
    tasks: Sequence[Any] = [
        task for split in SPLITS for task in load_tasks(plan.experiment, inputs, split)
    ]
    return {(task.split, task.id): task for task in tasks}


def _hidden_size(run: RunFolder) -> int | None:
    config = run.base / "config.json"
    found = json.loads(config.read_text("utf-8")) if config.is_file() else {}
    return found.get("hidden_size")
