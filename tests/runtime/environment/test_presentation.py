"""Which tools an episode is shown, in which order, and what it knows of the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from mrlc.runtime.environment import Environment
from mrlc.runtime.rollout.trajectory import ToolCall, ToolResult
from mrlc.runtime.task import Task

TOOLS = [{"name": name, "reply": {"is": name}} for name in ("find", "book")]
STOCK = [{"name": name, "reply": name} for name in ("tyres", "hours", "staff", "paint")]
DISTRACTORS = {"tools": STOCK, "per_episode": 2}
TASKS = [Task(f"t{number}", "train", {"question": "?"}) for number in range(200)]


@pytest.fixture(scope="module")
def world(build) -> Environment:
    return build(TOOLS, distractors=DISTRACTORS, shuffle_tools=True).environment


def names(environment: Environment) -> list[str]:
    return [tool["function"]["name"] for tool in environment.tools]


def call(environment: Environment, task: Task, *tools: str, **opened: Any) -> list[ToolResult]:
    async def run() -> list[ToolResult]:
        async with environment.open(task, seed=1, **opened) as episode:
            return [await episode.call(ToolCall(tool, {})) for tool in tools]

    return asyncio.run(run())


def test_without_the_options_all_are_shown_as_declared(build) -> None:
    plain = build(TOOLS).environment
    assert {plain.shown(task, presentation) for task in TASKS for presentation in (0, 7)} == {
        ("find", "book")
    }


def test_the_stock_is_known_to_templates(world) -> None:
    assert names(world) == ["find", "book", "tyres", "hours", "staff", "paint"]


def test_distractors_stand_last_unless_shuffled(build) -> None:
    shown = [
        build(TOOLS, distractors=DISTRACTORS).environment.shown(task, 3) for task in TASKS[:20]
    ]
    order = ["tyres", "hours", "staff", "paint"]
    for one in shown:
        assert one[:2] == ("find", "book")
        assert list(one[2:]) == sorted(one[2:], key=order.index)


def test_each_task_has_its_tools_and_two_distractors(world) -> None:
    for task in TASKS:
        shown = world.shown(task)
        assert len(shown) == len(set(shown)) == 4
        assert {"find", "book"} < set(shown) <= set(names(world))


def test_a_task_is_shown_the_same_again_and_another_presentation_differs(world, build) -> None:
    again = build(TOOLS, distractors=DISTRACTORS, shuffle_tools=True).environment
    assert [world.shown(task) for task in TASKS] == [again.shown(task) for task in TASKS]
    other = [world.shown(task, 5) for task in TASKS]
    assert sum(a != b for a, b in zip(map(world.shown, TASKS), other, strict=True)) > 180


def test_every_tool_is_drawn_and_stands_everywhere_alike(world) -> None:
    shown = [world.shown(task, presentation) for task in TASKS for presentation in range(10)]
    drawn = Counter(name for one in shown for name in one)
    assert drawn["find"] == drawn["book"] == len(shown)
    for name in ("tyres", "hours", "staff", "paint"):
        assert abs(drawn[name] / len(shown) - 0.5) < 0.05
    for place in range(4):
        first = Counter(one[place] for one in shown)
        assert abs(first["find"] / len(shown) - 0.25) < 0.05
        assert abs(first["tyres"] / len(shown) - 0.125) < 0.05


def test_a_distractor_answers_and_is_counted(world) -> None:
    shown = next(world.shown(task) for task in TASKS if "tyres" in world.shown(task))
    found = call(world, TASKS[0], "tyres", "find", shown=shown)
    assert [(result.text, result.is_distractor) for result in found] == [
        ("tyres", True),
        ('{"is": "find"}', False),
    ]


def test_a_distractor_that_is_not_shown_is_unknown(world) -> None:
    (found,) = call(world, TASKS[0], "tyres", shown=("book", "paint", "find"))
    assert found.is_unknown_tool
    assert not found.is_distractor
    assert found.text == ('{"error": "unknown tool `tyres`; the tools are book, paint, find"}')


def test_an_episode_knows_the_task_s_own_tools_unless_told(world) -> None:
    hidden = next(name for name in names(world) if name not in world.shown(TASKS[3]))
    (found,) = call(world, TASKS[3], hidden)
    assert found.is_unknown_tool
