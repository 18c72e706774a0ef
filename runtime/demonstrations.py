"""Demonstrations: recorded conversations that the warm start imitates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.environment import Environment
from mrlc.runtime.model.chat import ChatFormat
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.rows import read_rows
from mrlc.runtime.task import Task

IGNORED = -100
"""The label that PyTorch's cross entropy leaves out."""


@dataclass(frozen=True)
class Demonstration:
    """What followed a task's prompt."""

    task: Task
    messages: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Example:
    """A conversation as ids, and the same ids as labels where the model wrote them."""

    input_ids: list[int]
    labels: list[int]


def load_demonstrations(path: Path, tasks: Sequence[Task]) -> list[Demonstration]:
    """Read JSONL rows `{"task": id, "messages": [...]}`; ids are those of `tasks`."""
    by_id = {task.id: task for task in tasks}
    return [
        Demonstration(by_id[str(row["task"])], tuple(map(_whole, row["messages"])))
        for row in read_rows(path)
    ]


def _whole(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message with all that chat templates read of one: rows may leave out what says nothing."""
    whole = {"content": "", **message}
    if calls := whole.get("tool_calls"):
        functions = [call.get("function", call) for call in calls]
        whole["tool_calls"] = [{"type": "function", "function": one} for one in functions]
    return whole


def encode_demonstration(
    demonstration: Demonstration, environment: Environment, chat: ChatFormat
) -> Example:
    """The ids that an episode with these turns would have had.

    They are built from the same parts as an episode's, so that the warm start teaches
    exactly the format that rollouts are sampled in.
    """
    task = demonstration.task
    ids = list(chat.prompt_ids(environment.messages(task), environment.shown(task)))
    labels = [IGNORED] * len(ids)
    pending: list[Mapping[str, Any]] = []
    calls: list[ToolCall] = []
    for message in demonstration.messages:
        if message["role"] == "tool":
            pending.append(message)
            continue
        if message["role"] == "user":
            heard = chat.user_ids(str(message["content"]))
            ids += heard
            labels += [IGNORED] * len(heard)
            continue
        if pending:
            texts = [str(result["content"]) for result in pending]
            feedback = chat.feedback_ids(calls[: len(pending)], texts)
            ids += feedback
            labels += [IGNORED] * len(feedback)
            pending = []
        turn = chat.message_ids(message)
        calls = list(chat.parse(turn).calls)
        ids += turn
        labels += turn
    return Example(ids, labels)
