"""The run folder: what happened, appended as it happens, and enough to go on from.

    runs/quickstart-0123456789-s1/
      run.json             plan digest, seed, faults made on purpose, and what kept the model's code in
      plan/                the plan, its provenance and its inputs
      metrics.jsonl        one row a step
      trajectories.jsonl   one row an episode, without times: equal seeds give equal bytes
      tallies.jsonl        one row an evaluation whose episodes have none: how many came to what
      alerts.jsonl         one row a firing of a rule
      stopped.json         by which rule the training was ended, if by one
      base/                the model after the warm start
      checkpoints/         of the training; each complete one has a `complete.json`
      model/               the trained model
      endpoints/           what other models said, where the spec asks any
      evaluation.json      base and trained, on the held-out split
      accounts.json        what became of every episode that was started
      evaluations/         what `mrlc evaluate` found
      marks.json           sizes of the logs when each phase began

A checkpoint's `complete.json` is written last and holds the sizes of the logs at that
step. To resume is to go back to the newest complete checkpoint, or to the start of the phase,
and to cut the logs there.
"""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.files import write_json
from mrlc.runtime.metrics import ScoredEpisode
from mrlc.schemas import Plan

LOGS = ("metrics.jsonl", "trajectories.jsonl", "tallies.jsonl", "alerts.jsonl")


@dataclass(frozen=True)
class RunFolder:
    """A run's files."""

    path: Path

    @property
    def plan(self) -> Path:
        """The run's own copy of the plan folder."""
        return self.path / "plan"

    @property
    def base(self) -> Path:
        """The model that training starts from; exists only when whole."""
        return self.path / "base"

    @property
    def model(self) -> Path:
        """The trained model; exists only when whole."""
        return self.path / "model"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints of the training."""
        return self.path / "checkpoints"

    @property
    def warm_start(self) -> Path:
        """Checkpoints of the warm start; removed when it is done."""
        return self.path / "warm_start"

    @property
    def endpoints(self) -> Path:
        """What judges, simulated users and references said, by what they were asked."""
        return self.path / "endpoints"

    @property
    def evaluation(self) -> Path:
        """Scores of the base and of the trained model."""
        return self.path / "evaluation.json"

    @property
    def accounts(self) -> Path:
        """The books: every episode by what became of it."""
        return self.path / "accounts.json"

    @property
    def trajectories(self) -> Path:
        """Every episode played, a row each."""
        return self.path / "trajectories.jsonl"

    @property
    def tallies(self) -> Path:
        """What became of the episodes that have no row of their own."""
        return self.path / "tallies.jsonl"

    @property
    def metrics(self) -> Path:
        """A row a step of the training."""
        return self.path / "metrics.jsonl"

    @property
    def evaluations(self) -> Path:
        """Evaluations made after the run; created by the first."""
        return self.path / "evaluations"

    def seed(self) -> int:
        """The run's seed."""
        return int(json.loads((self.path / "run.json").read_text("utf-8"))["seed"])

    def chaos(self) -> float:
        """The share of tool calls that are made to fail in it."""
        return float(json.loads((self.path / "run.json").read_text("utf-8")).get("chaos", 0.0))

    def has_tallies(self) -> bool:
        """Whether all of it is recorded in `tallies.jsonl` that is not in `trajectories.jsonl`."""
        about = self.path / "run.json"
        return about.exists() and bool(json.loads(about.read_text("utf-8")).get("tallies"))

    def results(self) -> dict[str, Any]:
        """What `evaluation.json` holds so far."""
        if not self.evaluation.exists():
            return {}
        return dict(json.loads(self.evaluation.read_text("utf-8")))

    def append_metrics(self, row: Mapping[str, float | int | str]) -> None:
        """Append one row; a value that is no number is left out."""
        numbers = {k: v for k, v in row.items() if not isinstance(v, float) or math.isfinite(v)}
        self._append("metrics.jsonl", [numbers])

    def append_alerts(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append what fired."""
        self._append("alerts.jsonl", rows)

    def append_episodes(self, episodes: Iterable[ScoredEpisode], **labels: str | int) -> None:
        """Append one row an episode, labelled with its phase and step."""
        self._append("trajectories.jsonl", (labels | describe(episode) for episode in episodes))

    def append_tally(self, tally: Mapping[str, Any], **labels: str | int) -> None:
        """Append how many episodes came to what, labelled with their phase and step."""
        self._append("tallies.jsonl", [labels | dict(tally)])

    def _append(self, log: str, rows: Iterable[Mapping[str, Any]]) -> None:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        with (self.path / log).open("a", encoding="utf-8", newline="\n") as file:
            file.write(lines)

    def log_sizes(self) -> dict[str, int]:
        """Bytes of each log, on disk for certain."""
        return {log: _synced_size(self.path / log) for log in LOGS}

    def enter(self, phase: str) -> None:
        """Begin a phase that logs, or begin it anew with what it had logged taken back."""
        marks = self.path / "marks.json"
        known = json.loads(marks.read_text("utf-8")) if marks.exists() else {}
        if phase in known:
            self.cut_logs(known[phase])
        else:
            write_json(marks, known | {phase: self.log_sizes()})

    def cut_logs(self, sizes: Mapping[str, int]) -> None:
        """Take back what was logged after `log_sizes` gave these sizes."""
        for log in LOGS:
            file = self.path / log
            if file.exists():  # a log that has no size was begun since, by a newer version
                os.truncate(file, min(sizes.get(log, 0), file.stat().st_size))


def create_run(
    runs: Path,
    plan_folder: Path,
    plan: Plan,
    *,
    seed: int,
    isolation: Mapping[str, str] | None = None,
    chaos: float | None = None,
) -> RunFolder:
    """A new run folder with its own copy of the plan; the name says plan and seed.

    `isolation` tells of each tool what kept the model's code in, which depends on the machine.
    `chaos` stands before the plan's own.
    """
    chaos = plan.experiment.rollout.chaos if chaos is None else chaos
    stem = run_stem(plan, seed, chaos)
    runs.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{stem}-", dir=runs))
    partial.chmod(0o755)  # mkdtemp's own mode would hide the run from the user's group
    # Compiled files are replaced, never edited in place, so a link is a copy that costs nothing.
    shutil.copytree(plan_folder, partial / "plan", copy_function=_link_or_copy)
    about = {"seed": seed, "semantic": plan.digests.semantic, "tallies": True}
    more = {"chaos": chaos, "isolation": isolation}
    write_json(partial / "run.json", about | {name: one for name, one in more.items() if one})
    return RunFolder(_publish(partial, runs / stem))


def run_stem(plan: Plan, seed: int, chaos: float = 0.0) -> str:
    """The name of the first run of a plan with a seed; one with chaos says so wherever it lies."""
    mark = f"-chaos{chaos:g}" if chaos else ""
    return f"{plan.experiment.name}-{plan.digests.semantic[:10]}-s{seed}{mark}"


def open_run(path: Path) -> RunFolder:
    """An existing run folder.

    Raises:
        PlanBroken: it is none.
    """
    if not (path / "run.json").is_file():
        raise PlanBroken(path / "run.json", "no such run", help="the runs lie under runs/")
    return RunFolder(path)


def describe(episode: ScoredEpisode) -> dict[str, Any]:
    """A trajectory as a JSON row; ids as they were trained on, no times.

    Whatever a component may read is there: `trajectories.stored_episodes` is the inverse.
    """
    trajectory, reward = episode.trajectory, episode.reward
    by_turn = {"turn_rewards": reward.turns} if reward and reward.turns else {}
    return {
        "task": trajectory.task.id,
        "split": trajectory.task.split,
        "member": trajectory.member,
        "stop": trajectory.stop.value,
        "detail": trajectory.detail,
        "answered": trajectory.answer is not None,
        "answer": trajectory.answer.value if trajectory.answer else None,
        "reward": reward.total if reward else None,
        "components": reward.components if reward else None,
        "final": trajectory.final,
        **by_turn,
        "prompt_ids": trajectory.prompt_ids,
        "turns": [
            {
                "text": turn.text,
                "calls": [{"name": c.name, "arguments": c.arguments} for c in turn.calls],
                "results": [r.text for r in turn.results],
                "refused": [r.is_error for r in turn.results],
                "unknown": [r.is_unknown_tool for r in turn.results],
                "ids": turn.ids,
                "logprobs": [round(value, 6) for value in turn.logprobs],
                "feedback_ids": turn.feedback_ids,
            }
            | ({} if turn.user is None else {"user": turn.user})
            | (
                {"distractor": which}
                if any(which := [r.is_distractor for r in turn.results])
                else {}
            )
            for turn in trajectory.turns
        ],
    }


def _publish(partial: Path, path: Path) -> Path:
    """Rename to the first free of `path`, `path-2`, …; so a run folder appears whole."""
    number = 1
    while True:
        free = path if number == 1 else path.with_name(f"{path.name}-{number}")
        if not free.exists():
            try:
                return partial.rename(free)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # taken in between
                    raise
        number += 1


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _synced_size(path: Path) -> int:
    with path.open("ab") as file:
        os.fsync(file.fileno())
        return file.tell()
