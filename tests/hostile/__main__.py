"""Play hostile episodes in this process: `python -m tests.hostile SEED COUNT`.

Batches are played until the hostile calls and turns come to `COUNT`. After each, nothing
may be left of it, no text from outside may have been shown, and what is outside is as it was.
Prints one JSON line: how much was played, by kind of turn, by tool, by cause of ending, and each
batch that broke a rule, by the seed that brings it back: `python -m tests.hostile SEED 1`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mrlc.runtime.environment import pool
from mrlc.runtime.metrics import ScoredEpisode, rollout_metrics, scored_episodes
from mrlc.runtime.record import RunFolder
from mrlc.runtime.rollout.trajectory import StopCause, Trajectory
from mrlc.runtime.sandbox.native.slot import adopt_orphans
from mrlc.runtime.trajectories import stored_episodes
from tests.hostile.episodes import GROUP, Played, batch, foreign_marks, play, shown_texts
from tests.hostile.traces import more, traces
from tests.hostile.workshop import SECRET, Canary, Workshop, load

GROUPS = 8
BREAKS = frozenset({"wobbly"})
"""Tools whose own code is broken: nothing else may break the environment, whatever is called."""


@dataclass
class Report:
    """What was played; calls and outputs are the hostile ones alone."""

    calls: int = 0
    outputs: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    tools: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    environment_errors: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)
    broken: list[dict[str, Any]] = field(default_factory=list)

    def count(self, episodes: Sequence[Played], trajectories: Sequence[Trajectory]) -> None:
        """Add a batch."""
        for one, trajectory in zip(episodes, trajectories, strict=True):
            self.causes[trajectory.stop.value] += 1
            hostile = trajectory.turns[1 : 1 + len(one.kinds)]  # the first leaves the mark
            self.outputs += len(hostile)
            self.kinds.update(one.kinds[: len(hostile)])
            if trajectory.stop is StopCause.ENVIRONMENT_ERROR:
                self.environment_errors[trajectory.detail.partition(":")[0]] += 1
            for turn in hostile:
                self.calls += len(turn.results)
                for call, result in zip(turn.calls, turn.results, strict=False):
                    name = "(unknown)" if result.is_unknown_tool else call.name
                    self.tools[name] += 1
                    self.refused[name] += result.is_error


def run(seed: int, count: int) -> dict[str, Any]:
    """Play the batches `seed`, `seed + 1`, …; they do not depend on one another."""
    default = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="mrlc-hostile-") as root:
        folder = Path(root).resolve()
        folder.chmod(0o711)  # a sandbox's own user must reach its folder, below
        (folder / "tmp").mkdir(mode=0o711)
        tempfile.tempdir = str(folder / "tmp")
        os.environ["MRLC_TEST_SECRET"] = SECRET
        try:
            return _run(folder, seed, count)
        finally:
            tempfile.tempdir = default
            del os.environ["MRLC_TEST_SECRET"]


def _run(folder: Path, seed: int, count: int) -> dict[str, Any]:
    workshop, canary, report = load(folder / "build"), Canary(folder / "canary"), Report()
    _try(workshop, canary, batch(workshop.setup, 0, groups=1, canary=str(canary.folder)), Report())
    more(before := traces())
    before = traces()
    while report.calls + report.outputs < count:
        started = time.monotonic()
        episodes = batch(workshop.setup, seed, groups=GROUPS, canary=str(canary.folder))
        faults = _try(workshop, canary, episodes, report)
        pool.close()  # workers of tools stay for the next batch; with them all must be gone
        if left := more(before):
            faults.append(f"left behind: {left}")
            before = traces()
        if faults:
            report.broken.append({"seed": seed, "faults": faults[:20]})
        report.slowest = max(report.slowest, (round(time.monotonic() - started, 2), seed))
        if "cannot be played" in str(faults):
            report.outputs += len(episodes)  # or a batch that never ends well is played for ever
        seed += 1
    return {**vars(report), "range": workshop.range, "missing": workshop.missing}


def _try(
    workshop: Workshop, canary: Canary, episodes: Sequence[Played], report: Report
) -> list[str]:
    """Play a batch; each rule that it broke, in words."""
    try:
        trajectories = play(workshop.setup, episodes)
        scored = scored_episodes(trajectories, workshop.setup.reward)
        rollout_metrics(scored, group_size=GROUP)
        kept = _kept(workshop, scored)
        alone = [play(workshop.setup, [one])[0] for one in episodes if one.is_bystander]
    except Exception as error:  # noqa: BLE001 -- whatever escapes is the finding
        return [f"cannot be played: {error!r}"[:2000]]
    report.count(episodes, trajectories)
    faults = [f"written outside: {one}" for one in canary.written()]
    pairs = list(zip(episodes, trajectories, strict=True))
    if alone != [trajectory for one, trajectory in pairs if one.is_bystander]:
        faults.append("a bystander saw what it does not see alone")
    if kept != trajectories:
        faults.append("the record is not what was played")
    for (one, trajectory), paid in zip(pairs, scored, strict=True):
        faults += [f"{one.mark}: {fault}" for fault in _faults(workshop, one, trajectory)]
        faults += [f"{one.mark}: {fault}" for fault in _unpaid(workshop, paid)]
    return faults


def _faults(workshop: Workshop, one: Played, trajectory: Trajectory) -> list[str]:
    """What is wrong with one episode."""
    faults = []
    if any(SECRET in text for text in shown_texts(trajectory)):
        faults.append("the secret was shown")
    if marks := foreign_marks(trajectory, one.mark):
        faults.append(f"shown of others: {marks}")
    if any("GOT IN" in result.text for turn in trajectory.turns for result in turn.results):
        faults.append("an attack got in")
    tool = trajectory.detail.partition(":")[0]
    if trajectory.stop is StopCause.ENVIRONMENT_ERROR and tool not in BREAKS:
        last = trajectory.turns[-1].text, trajectory.turns[-1].calls
        faults.append(f"the environment broke: {trajectory.detail}; {str(last)[:500]}")
    score = workshop.setup.scorer.score(trajectory)
    if not (score is None or 0 <= score <= 1):
        faults.append(f"scored {score}")
    return faults


def _unpaid(workshop: Workshop, paid: ScoredEpisode) -> list[str]:
    """What is wrong with the pay of one episode."""
    if paid.reward is None:
        return [] if not paid.trajectory.is_scorable else ["has no reward"]
    low, high = workshop.range
    if not low - 1e-9 <= paid.reward.total <= high + 1e-9:
        return [f"paid {paid.reward.total}, not from {low} to {high}"]
    return []


def _kept(workshop: Workshop, scored: Sequence[ScoredEpisode]) -> list[Trajectory]:
    """The episodes as a run's log keeps them, read back."""
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        run.append_episodes(scored, phase="train", step=1)
        tasks = {(task.split, task.id): task for task in workshop.setup.tasks["train"]}
        return [one.trajectory for one in stored_episodes(run.trajectories, tasks)]


if __name__ == "__main__":
    adopt_orphans()  # what outlives its sandbox is then found among our children
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))))
