"""Stored episodes, read back as the trajectories that components and scorers were shown.

`trajectories.jsonl` holds a row an episode and is read row by row, however long it is. A task
is named by split and id; its row comes from the plan. All that a component may read comes back
as it was; log-probs come to six digits, and seconds not at all. The last line may be the half
that a kill leaves: it is no episode.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.reward import RewardScore
from mrlc.runtime.rollout.trajectory import (
    Answer,
    StopCause,
    ToolCall,
    ToolResult,
    Trajectory,
    Turn,
)
from mrlc.runtime.task import Task

Tasks = Mapping[tuple[str, str], Task]
"""By split and id."""


@dataclass(frozen=True)
class StoredEpisode:
    """A row: the trajectory, what it was paid, and when it was played."""

    trajectory: Trajectory
    reward: RewardScore | None
    phase: str
    """`base`, `train` or `trained`."""
    step: int | None
    """Of the training; None outside it."""


def stored_episodes(file: Path, tasks: Tasks) -> Iterator[StoredEpisode]:
    """The episodes in the order they were played.

    Raises:
        PlanBroken: the file is absent, a row is broken, or its task is not among `tasks`.
    """
    for number, line in _lines(file):
        try:
            yield _episode(json.loads(line), tasks)
        except KeyError as error:
            raise _broken(file, number, f"{error.args[0]} is missing") from error
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            if not line.endswith(b"\n"):
                return
            raise _broken(file, number, " ".join(str(error).split())[:120]) from error


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with file.open("rb") as lines:
            yield from enumerate(lines, 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        help = "mrlc run writes it as it goes; TRL's own loop keeps none of its training"
        raise PlanBroken(file, f"no trajectories: {reason}", help=help) from error


def _broken(file: Path, line: int, message: str) -> PlanBroken:
    help = "each row is one episode as mrlc run wrote it; go back to the run's own file"
    return PlanBroken(file, f"not a stored episode: {message}", help=help, line=line)


def _episode(row: dict[str, Any], tasks: Tasks) -> StoredEpisode:
    reward = None
    if row["reward"] is not None:
        components = {name: float(score) for name, score in row["components"].items()}
        turns = tuple(row.get("turn_rewards", ()))
        reward = RewardScore(float(row["reward"]), components, turns)
    return StoredEpisode(_trajectory(row, tasks), reward, row["phase"], row.get("step"))


def _trajectory(row: dict[str, Any], tasks: Tasks) -> Trajectory:
    key = row["split"], row["task"]
    if key not in tasks:
        raise ValueError(f"the plan's {key[0]} split has no task `{key[1]}`")
    # Only an environment that declares probes of its final state has any.
    more = {"final": row["final"]} if "final" in row else {}
    return Trajectory(
        task=tasks[key],
        member=int(row["member"]),
        prompt_ids=tuple(row["prompt_ids"]),
        turns=tuple(_turn(turn) for turn in row["turns"]),
        stop=StopCause(row["stop"]),
        answer=Answer(row["answer"]) if row["answered"] else None,
        detail=row["detail"],
        **more,
    )


def _turn(turn: dict[str, Any]) -> Turn:
    texts = turn["results"]
    distractor = turn.get("distractor", [False] * len(texts))  # written where there is any
    results = zip(texts, turn["refused"], turn["unknown"], distractor, strict=True)
    return Turn(
        text=turn["text"],
        ids=tuple(turn["ids"]),
        logprobs=tuple(turn["logprobs"]),
        calls=tuple(ToolCall(call["name"], call["arguments"]) for call in turn["calls"]),
        results=tuple(ToolResult(*result) for result in results),
        feedback_ids=tuple(turn["feedback_ids"]),
        user=turn.get("user"),
    )
