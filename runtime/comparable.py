"""Whether episodes played under one plan say anything about another.

Reward and evaluation may differ in any way, and the answer's declaration too, as the answer is
read from stored text again. But what the model was shown must be the same: its opening
messages, its tools and their fixtures. Otherwise it would have written something else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mrlc.runtime.environment.prompts import Prompts
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.task import Task
from mrlc.runtime.trajectories import Tasks
from mrlc.schemas import Plan

HELP = "play new episodes: mrlc run, or mrlc evaluate with a model"


def require_same_world(old: Plan, new: Plan) -> None:
    """Compare tools and state, files by content.

    Raises:
        PlanFault: they differ; at the first place in the new plan's spec.
    """
    worlds = [_meaning(_world(plan), plan) for plan in (old, new)]
    path = _difference(worlds[0], worlds[1], "environment")
    if path is not None:
        message = "the stored episodes were played in another environment: this differs"
        raise PlanFault(path, message, help=HELP)


def same_prompts(old: Plan, new: Plan, tasks: Tasks) -> Callable[[Task], Task]:
    """From an old task to the new plan's, which must open with the same messages.

    Raises:
        PlanFault: by the function returned: the new plan lacks the task, or opens otherwise.
    """
    before, after = (
        Prompts(plan.experiment.environment.system, plan.experiment.environment.prompt)
        for plan in (old, new)
    )

    found: dict[tuple[str, str], Task] = {}

    def task_of(task: Task) -> Task:
        key = task.split, task.id
        if key not in found:
            if key not in tasks:
                message = f"the stored episodes have a task `{task.id}` that is not in this file"
                raise PlanFault(f"data.{task.split}", message, help="keep the tasks played")
            _require_same(before.messages(task), after.messages(tasks[key]), task)
            found[key] = tasks[key]
        return found[key]

    return task_of


def _require_same(was: Sequence[Any], now: Sequence[Any], task: Task) -> None:
    if was != now:
        field = "system" if was[-1] == now[-1] else "prompt"
        message = f"task `{task.id}` of {task.split} opened with other words when it was played"
        raise PlanFault(f"environment.{field}", message, help=HELP)


def answer_meaning(plan: Plan) -> Any:
    """How the answer is read, its code by content: equal where two plans read alike."""
    return _meaning(plan.experiment.environment.answer.model_dump(mode="json"), plan)


def _world(plan: Plan) -> dict[str, Any]:
    """The environment but for its words, its answer and what only the compiler reads."""
    return plan.experiment.environment.model_dump(
        mode="json", exclude={"system", "prompt", "answer", "production"}
    )


def _meaning(value: Any, plan: Plan) -> Any:
    """The value with the digest of each file that it names in place of the file's path."""
    if isinstance(value, dict):
        return {key: _meaning(one, plan) for key, one in value.items()}
    if isinstance(value, list):
        return [_meaning(one, plan) for one in value]
    if not isinstance(value, str):
        return value
    file, colon, name = value.rpartition(":")  # a reference to code
    if value in plan.inputs:
        return plan.inputs[value].sha256
    return f"{plan.inputs[file].sha256}:{name}" if colon and file in plan.inputs else value


def _difference(old: Any, new: Any, path: str) -> str | None:
    """Dotted path of the first place where the values differ, or None."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        inside = ((key, old[key], new[key]) for key in old)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        inside = ((str(i), *pair) for i, pair in enumerate(zip(old, new, strict=True)))
    else:
        return path if old != new else None
    found = (_difference(was, now, f"{path}.{key}") for key, was, now in inside)
    return next((place for place in found if place is not None), None)
