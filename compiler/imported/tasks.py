"""Tasks to be replaced: each asks for one call of one tool, and for a field of its result."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mrlc.compiler.imported.tools import Example, ImportedTool

SPLITS = ("train", "validation", "test")
_OF_A_TOOL = {"train": 4, "validation": 1, "test": 1}
_LIMIT_CONTEXT = 8192
_TURNS = 3
"""What `human: 2` allows."""
_MARKUP = 64
"""Tokens around the messages of an episode, more than any template takes."""


@dataclass(frozen=True)
class ExampleTask:
    """A row of a split, and the episode that solves it."""

    row: Mapping[str, Any]
    tool: str
    example: Example


class Sizes(NamedTuple):
    """Budgets that every example fits: a token is never shorter than a byte."""

    turn: int
    result: int
    context: int


def tasks(tools: Sequence[ImportedTool]) -> dict[str, list[ExampleTask]]:
    """The tasks of each split; every tool is in all, and no row in two where there are enough."""
    found: dict[str, list[ExampleTask]] = {split: [] for split in SPLITS}
    splits = [split for split in SPLITS for _ in range(_OF_A_TOOL[split])]
    number = 0
    for tool in tools:
        examples = tool.examples
        for place, split in enumerate(splits):
            number += 1
            one = examples[place % len(examples)]
            found[split].append(_task(split, number, tool.name, one))
    return found


def demonstrations(rows: Sequence[ExampleTask]) -> Iterator[dict[str, Any]]:
    """The episodes of some tasks, as the warm start reads them."""
    for task in rows:
        function = {"name": task.tool, "arguments": dict(task.example.arguments)}
        call = {"type": "function", "function": function}
        yield {
            "task": task.row["id"],
            "messages": [
                {"role": "assistant", "content": "", "tool_calls": [call]},
                {"role": "tool", "name": task.tool, "content": _json(task.example.result)},
                {"role": "assistant", "content": _answer(task)},
            ],
        }


def largest(rows: Mapping[str, Sequence[ExampleTask]], tools: Sequence[ImportedTool]) -> Sizes:
    """The budgets of a spec with these tasks and tools."""
    every = [task for split in rows.values() for task in split]
    said = [_json(dict(task.example.arguments)) + task.tool for task in every]
    said += [_answer(task) for task in every]
    turn = _rounded(max(map(_bytes, said)) + 32, most=1024)
    result = _rounded(max(_bytes(_json(task.example.result)) for task in every), most=1024)
    listed = sum(_bytes(f"{tool.name}({', '.join(tool.parameters)}), ") for tool in tools)
    prompt = listed + max(_bytes(str(task.row["question"])) for task in every)
    whole = prompt + _TURNS * turn + (_TURNS - 1) * result + _MARKUP
    return Sizes(turn, result, _rounded(whole, most=_LIMIT_CONTEXT))


def _task(split: str, number: int, tool: str, example: Example) -> ExampleTask:
    field, value = next(iter(example.result.items()))
    question = (
        f"Example {number}: what is `{field}` of {tool} for {_json(dict(example.arguments))}?"
    )
    expected = {"result": value if isinstance(value, str) else _json(value)}
    row = {"id": f"{split}-{number}", "question": question, "expected": expected}
    return ExampleTask(row, tool, example)


def _answer(task: ExampleTask) -> str:
    return f"<final_output>{_json(task.row['expected'])}</final_output>"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bytes(text: str) -> int:
    return len(text.encode())


def _rounded(size: int, *, most: int) -> int:
    """The next power of two, from 64 on."""
    return min(most, 1 << max(6, (size - 1).bit_length()))
