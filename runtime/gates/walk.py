"""The golden walk: how a person solves a task, played from the spec's own words.

    walk:
      - call: {find_bike: {bike: "{{ task.bike }}"}}
      - call: {job_status: {job: "{{ results[0].job }}"}}
      - answer: "{{ task.expected }}"

Texts are templates that know `task`, the row, and `results`, those of all calls so far in order,
read as JSON where they are JSON. A text that is one whole expression keeps the expression's type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Undefined

from mrlc.runtime.code import describe
from mrlc.runtime.environment.prompts import Templates
from mrlc.runtime.gates.players import Player, Scripted
from mrlc.runtime.json_values import dumps, loads
from mrlc.runtime.model.chat import ParsedTurn
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.rows import read_rows
from mrlc.runtime.task import Task
from mrlc.schemas import Experiment
from mrlc.schemas.answer import Answer
from mrlc.schemas.gates import Step

_WHOLE = re.compile(r"\s*\{\{((?:(?!\}\}|\{\{).)*)\}\}\s*", re.DOTALL)
_TEMPLATES = Templates()


def golden_players(
    experiment: Experiment, inputs: Path, tasks: Sequence[Task]
) -> list[tuple[Task, Player]]:
    """A player for each task that the golden walk or file is meant for, if there is one."""
    golden = experiment.gates.golden
    if golden is None:
        return []
    if golden.walk is not None:
        answer = experiment.environment.answer
        return [(task, Walker(golden.walk, answer, task)) for task in tasks]
    assert golden.file is not None
    rows = {str(row["task"]): row["messages"] for row in read_rows(inputs / golden.file)}
    return [(task, Scripted(turns_of(rows[task.id]))) for task in tasks if task.id in rows]


class Walker:
    """Walks one task. Where a text cannot be rendered the walk ends, and `failure` says why."""

    def __init__(self, steps: Sequence[Step], answer: Answer, task: Task) -> None:
        self._steps = iter(steps)
        self._answer = answer
        self._task = task
        self._results: list[Any] = []
        self.failure: str | None = None

    def turn(self, results: Sequence[str]) -> ParsedTurn:
        """The next step, with the results so far in sight."""
        self._results += map(_read, results)
        step = next(self._steps, None)
        if step is None:
            return ParsedTurn("", ())
        try:
            return self._turn(step)
        except Exception as error:  # noqa: BLE001 -- a template evaluates what its author wrote
            self.failure = f"the walk cannot go on: {describe(error)}"
            return ParsedTurn("", ())

    def _turn(self, step: Step) -> ParsedTurn:
        names = {"task": self._task.row, "results": self._results}
        if step.call is not None:
            calls = {tool: render(given, names) for tool, given in step.call.items()}
            return ParsedTurn("", tuple(ToolCall(tool, calls[tool]) for tool in calls))
        if step.say is not None:
            return ParsedTurn(str(render(step.say, names)), ())
        value = render(step.answer, names)
        is_text = isinstance(value, str) and self._answer.json_ is None
        text = value if is_text else dumps(value)
        return ParsedTurn(f"<{self._answer.tag}>{text}</{self._answer.tag}>", ())


def turns_of(messages: Sequence[Mapping[str, Any]]) -> list[ParsedTurn]:
    """The assistant's turns of recorded messages."""
    return [_recorded(message) for message in messages if message["role"] == "assistant"]


def _recorded(message: Mapping[str, Any]) -> ParsedTurn:
    calls = [call.get("function", call) for call in message.get("tool_calls") or ()]
    given = tuple(ToolCall(str(call["name"]), dict(call["arguments"])) for call in calls)
    return ParsedTurn(str(message.get("content") or ""), given)


def render(value: Any, names: Mapping[str, Any]) -> Any:
    """A value with every text in it rendered."""
    if isinstance(value, str):
        return _compiled(value)(names)
    if isinstance(value, dict):
        return {key: render(one, names) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [render(one, names) for one in value]
    return value


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Callable[[Mapping[str, Any]], Any]:
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        return _TEMPLATES.from_string(text).render
    expression = _TEMPLATES.compile_expression(whole.group(1), undefined_to_none=False)

    def value(names: Mapping[str, Any]) -> Any:
        found = expression(**names)
        if isinstance(found, Undefined):
            found._fail_with_undefined_error()
        return found

    return value


def _read(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return text
