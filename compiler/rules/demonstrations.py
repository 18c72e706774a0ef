"""Demonstrations: each is an episode that could have happened, on a task of the train split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.files import Row
from mrlc.compiler.rules import Subject, check
from mrlc.compiler.suggest import did_you_mean
from mrlc.schemas import Experiment

PATH = "warm_start.demonstrations"


class Shown(NamedTuple):
    """What an episode's messages may hold."""

    tools: set[str]
    distractors: set[str]
    has_user: bool
    max_turns: int

    @classmethod
    def of(cls, experiment: Experiment) -> Shown:
        """Of the episodes of an experiment."""
        environment = experiment.environment
        tools = {tool.name for tool in environment.tools}
        every = {tool.name for _, tool in environment.every_tool()}
        return cls(tools, every - tools, environment.user is not None, experiment.turns.limit)


class Impossible(Exception):
    """Why a demonstration is none, and a help line."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


@check
def demonstrations_are_possible(subject: Subject) -> Iterator[Diagnostic]:
    warm_start = subject.experiment.warm_start
    if warm_start is None:
        return
    table = subject.files[warm_start.demonstrations].table
    yield from table.faults
    if not table.rows and not table.faults:
        message = "there are no demonstrations"
        yield Diagnostic("MRLC321", message, subject.value(PATH), "the file has no rows", path=PATH)
    splits = splits_of(subject)
    shown = Shown.of(subject.experiment)
    for row in table.rows:
        try:
            _task(row, splits)
            check_messages(row.values.get("messages"), shown)
        except Impossible as error:
            yield Diagnostic("MRLC336", str(error), row.span, help=error.help, path=PATH)


def splits_of(subject: Subject) -> dict[str, str] | None:
    """Task id → split; a row without an id is named by its number, from 0, in any split.

    None where a split has rows that cannot be read: any name may be theirs.
    """
    names: dict[str, str] = {}
    splits = list(subject.splits())
    if any(table.faults for _, table in splits):
        return None
    for split, table in splits:
        for number, row in enumerate(table.rows):
            names.setdefault(_identity(row, number), split)
    return names


def _identity(row: Row, number: int) -> str:
    identity = row.values.get("id")
    return str(number if identity is None or identity == "" else identity)


def _task(row: Row, splits: dict[str, str] | None) -> None:
    if "task" not in row.values:
        raise Impossible("a demonstration names its `task`, by id")
    if splits is None:
        return
    name = str(row.values["task"])
    split = splits.get(name)
    if split is None:
        raise Impossible(f"there is no task `{name}`")
    if split != "train":
        help = "demonstrations come from train, or held-out tasks are learned"
        raise Impossible(f"the task `{name}` is in {split}", help)


def check_messages(messages: Any, shown: Shown) -> None:
    """Assistant, tool and user messages, in an order that an episode has.

    Raises:
        Impossible: they are none.
    """
    if not isinstance(messages, list) or not messages:
        raise Impossible("a demonstration has `messages`, a list of what follows the prompt")
    waiting: list[str] = []
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        where = f"message {index + 1}"
        if index == 0 and role != "assistant":
            help = "system and prompt come from the spec"
            raise Impossible("the first message is not the assistant's", help)
        if role == "tool":
            if not waiting:
                raise Impossible(f"{where} is a tool's, but no call is waiting for it")
            waiting.pop(0)
        elif role == "assistant":
            if waiting:
                message = f"{where} comes before the result of `{waiting[0]}`"
                help = 'a message follows each call: {"role": "tool", "name": …, "content": "…"}'
                raise Impossible(message, help)
            calls = message.get("tool_calls") or ()
            waiting = [_call(call, where, shown) for call in calls]
        elif role == "user" and shown.has_user:
            _user(messages[index - 1], where)
        else:
            hint = "a user replies where `environment.user` says who"
            message = f"{where} has the role `{role}`; only assistant and tool follow"
            raise Impossible(message, hint if role == "user" else None)
        if not isinstance(message.get("content", ""), str):
            raise Impossible(f"{where} has no text as `content`")
    if messages[-1]["role"] != "assistant":
        whose = "a tool's" if messages[-1]["role"] == "tool" else "the user's"
        help = "leave it out: what comes after the last turn is not learned"
        raise Impossible(f"the last message is {whose}; an episode ends with the assistant", help)
    turns = sum(message["role"] == "assistant" for message in messages)
    if turns > shown.max_turns:
        message = f"it takes {turns} turns; an episode has {shown.max_turns}"
        raise Impossible(message, f"write `turns: {{max_turns: {turns}}}` or more")


def _user(before: Any, where: str) -> None:
    if before["role"] != "assistant" or before.get("tool_calls"):
        help = "the user replies to a turn without tool calls"
        raise Impossible(
            f"{where} is the user's, but does not follow what the assistant says", help
        )


def _call(call: Any, where: str, shown: Shown) -> str:
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), dict):
        help = '{"type": "function", "function": {"name": …, "arguments": {…}}}'
        raise Impossible(f"{where} has a malformed tool call", help)
    name = str(function.get("name"))
    if name in shown.distractors:
        help = "move it to `environment.tools` if demonstrations may call it"
        raise Impossible(f"{where} calls `{name}`, a distractor, which teaches to call it", help)
    if name not in shown.tools:
        near = did_you_mean(name, shown.tools)
        raise Impossible(f"{where} calls `{name}`, which is no tool", near)
    return name
