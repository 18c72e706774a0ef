"""Scripts: turns that are played as they stand, for the gates that look at the environment alone.

They come from the golden walk and from the demonstrations, and from probes: every tool called
twice with arguments of the task and of the recorded tables, so that a spec without either is
looked at all the same, and a write is followed by its read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.model.chat import ParsedTurn
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.rows import read_rows
from mrlc.runtime.task import Split, Task
from mrlc.schemas import Experiment
from mrlc.schemas.tools import Parameter, Tool

EACH = 6
"""Scripts of each source; faults of an environment seldom hide in the seventh."""


@dataclass(frozen=True)
class Script:
    """An episode to play."""

    task: Task
    turns: tuple[ParsedTurn, ...]

    def as_json(self) -> dict[str, Any]:
        """For another process."""
        turns = [
            [turn.text, [[call.name, call.arguments] for call in turn.calls]] for turn in self.turns
        ]
        return {"split": self.task.split, "task": self.task.id, "turns": turns}


def script_of(given: Mapping[str, Any], tasks: Mapping[Split, Sequence[Task]]) -> Script:
    """The script that another process described."""
    task = next(task for task in tasks[given["split"]] if task.id == given["task"])
    turns = [
        ParsedTurn(text, tuple(ToolCall(name, arguments) for name, arguments in calls))
        for text, calls in given["turns"]
    ]
    return Script(task, tuple(turns))


def probes(experiment: Experiment, inputs: Path, tasks: Sequence[Task]) -> Iterator[Script]:
    """One script a task: each tool in declared order, and all of them again."""
    tools = experiment.environment.tools
    if tools:
        recorded = [_recorded(tool, inputs) for tool in tools]
        for number, task in enumerate(tasks[:EACH]):
            known = [{**task.row, **rows[number % len(rows)]} for rows in recorded]
            calls = [call_of(tool, names) for tool, names in zip(tools, known, strict=True)]
            yield Script(task, tuple(ParsedTurn("", (call,)) for call in calls * 2))


def disturbance(script: Script, tools: Sequence[Tool]) -> tuple[ParsedTurn, ...]:
    """What a hostile sibling says: each call of the script twice, then every tool with its values.

    So it writes the same ids and keys before the episode that it disturbs comes to them.
    """
    known: dict[str, Any] = {}
    turns = []
    for turn in script.turns:
        for call in turn.calls:
            known |= call.arguments or {}
        everything = [call_of(tool, {**script.task.row, **known}) for tool in tools]
        turns.append(ParsedTurn("", (*turn.calls, *turn.calls, *everything)))
    return tuple(turn for turn in turns if turn.calls)


def call_of(tool: Tool, known: Mapping[str, Any]) -> ToolCall:
    """A call with values that are known by the parameter's name, else with some of its type."""
    arguments = {name: _argument(one, known.get(name)) for name, one in tool.parameters.items()}
    return ToolCall(tool.name, arguments)


def _argument(parameter: Parameter, known: Any) -> Any:
    if parameter.enum:
        return known if known in parameter.enum else parameter.enum[0]
    types: dict[str, tuple[type, ...]] = {
        "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)
    }  # fmt: skip
    if type(known) in types[parameter.type]:
        return known
    if parameter.type == "string" and isinstance(known, int | float):
        return str(known)
    least = 1 if parameter.minimum is None else parameter.minimum
    some = {"string": "1", "integer": int(least), "number": least, "boolean": True}
    return some[parameter.type]


def _recorded(tool: Tool, inputs: Path) -> list[dict[str, Any]]:
    """Arguments that a recorded table has answers for."""
    if tool.replay is None:
        return [{}]
    rows = read_rows(inputs / tool.replay.table)[:EACH]
    match = tool.replay.match
    found = [{name: _plain(row.get(match[name]), name, tool) for name in match} for row in rows]
    return found or [{}]


def _plain(cell: Any, name: str, tool: Tool) -> Any:
    """A cell of a CSV as the type of its parameter, where it reads as one."""
    kind = tool.parameters[name].type if name in tool.parameters else "string"
    if isinstance(cell, str) and kind in ("integer", "number"):
        try:
            return int(cell) if kind == "integer" else float(cell)
        except ValueError:
            return cell
    return cell
