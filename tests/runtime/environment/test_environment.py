from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.errors import EnvironmentBroken, PlanFault
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.task import Task

from .conftest import TASK, Build, World

TOOLS: list[dict[str, Any]] = [
    {
        "name": "find",
        "description": "Find a parcel.",
        "parameters": {"parcel": {"type": "integer", "description": "Its number."}},
        "replay": {"table": "parcels.csv", "match": {"parcel": "parcel"}},
        "invalid": {"ok": False, "why": ["bad call: {reason}", 1]},
    },
    {
        "name": "close",
        "parameters": {"parcel": {"type": "integer"}},
        "sql": {"state": "desk", "write": "INSERT INTO closed VALUES (:parcel)"},
        "ends_episode": True,
    },
    {"name": "crash", "python": "tools.py:crash"},
    {"name": "hang", "python": "tools.py:hang"},
]
FILES = {
    "parcels.csv": "parcel,place\n7,Zürich\n",
    "desk.sql": "CREATE TABLE closed (parcel INTEGER UNIQUE); INSERT INTO closed VALUES (1);",
    "tools.py": """
        import asyncio
        async def crash(): raise RuntimeError
        async def hang(): await asyncio.sleep(60)
    """,
}


@pytest.fixture(scope="module")
def world(build: Build) -> World:
    return build(TOOLS, FILES, state={"desk": {"sqlite": "desk.sql"}}, timeout_s=0.05)


def test_schemas_in_declared_order(world: World) -> None:
    tools = world.environment.tools
    assert [tool["function"]["name"] for tool in tools] == ["find", "close", "crash", "hang"]
    assert tools[0]["function"]["parameters"] == {
        "type": "object",
        "properties": {"parcel": {"type": "integer", "description": "Its number."}},
        "required": ["parcel"],
    }


@pytest.mark.parametrize(
    ("name", "arguments", "text", "is_error"),
    [
        ("find", {"parcel": 7}, '{"place": "Zürich"}', False),
        ("find", {"parcel": 7.0}, '{"place": "Zürich"}', False),
        ("find", {}, '{"ok": false, "why": ["bad call: `parcel` is required", 1]}', True),
        (
            "fnd",
            {},
            '{"error": "unknown tool `fnd`; the tools are find, close, crash, hang"}',
            True,
        ),
        (
            'x"\n',
            {},
            '{"error": "unknown tool `x\\\\\\"\\\\n`; the tools are find, close, crash, hang"}',
            True,
        ),
    ],
)
def test_result(world: World, name: str, arguments: Any, text: str, is_error: bool) -> None:
    result = world.call(name, arguments)
    assert (result.text, result.is_error) == (text, is_error)
    assert result.is_unknown_tool == (name not in ("find", "close"))


def test_no_tools(build: Build) -> None:
    text = build([]).call("x", {}).text
    assert json.loads(text) == {"error": "unknown tool `x`; there are no tools"}


def test_ends_episode_on_success_only(world: World) -> None:
    async def run() -> list[bool]:
        done = []
        async with world.environment.open(TASK, seed=1) as episode:
            for arguments in ({}, {"parcel": 1}, {"parcel": 2}):
                await episode.call(ToolCall("close", arguments))
                done.append(episode.is_done)
        return done

    assert asyncio.run(run()) == [False, False, True]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ARGUMENTS = st.none() | st.dictionaries(st.just("parcel") | st.text(), JSON, max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["find", "close", "crash"]) | st.text(), ARGUMENTS)
def test_no_call_raises_but_for_a_broken_environment(
    world: World, name: str, arguments: dict[str, Any] | None
) -> None:
    try:
        result = world.call(name, arguments)
    except EnvironmentBroken:
        assert name == "crash"
    else:
        result.text.encode()  # what a tokenizer takes


class Interrupted(Exception):
    """What a test raises inside an episode."""


@pytest.mark.parametrize("how", ["done", "crash", "raise", "cancel", "timeout"])
def test_state_is_released_however_an_episode_ends(world: World, how: str) -> None:
    opened: list[sqlite3.Connection] = []

    async def episode_run() -> None:
        async with world.environment.open(TASK, seed=1) as episode:
            opened.extend(episode._scope.state.values())
            if how == "raise":
                raise Interrupted
            await episode.call(ToolCall({"crash": "crash", "timeout": "hang"}.get(how, "find"), {}))
            if how == "cancel":
                await asyncio.sleep(60)

    async def run() -> None:
        task = asyncio.create_task(episode_run())
        await asyncio.sleep(0.01)
        if how == "cancel":
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    assert len(opened) == 1
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        opened[0].execute("SELECT 1")


def test_cancelled_in_a_call_releases_too(world: World) -> None:
    opened: list[sqlite3.Connection] = []

    async def episode_run() -> None:
        async with world.environment.open(TASK, seed=1) as episode:
            opened.extend(episode._scope.state.values())
            await episode.call(ToolCall("hang", {}))

    async def run() -> None:
        task = asyncio.create_task(episode_run())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        opened[0].execute("SELECT 1")


@pytest.mark.parametrize(
    ("system", "prompt", "messages"),
    [
        ("", "Hi", [("user", "Hi")]),
        ("Desk.", "{{ task.question }}", [("system", "Desk."), ("user", TASK.row["question"])]),
        ("", "{{ task['items'][0] }} {{ task.items | length }}", [("user", "pen 1")]),
        ("", "<b> & {{ '<i>' }}", [("user", "<b> & <i>")]),
    ],
)
def test_messages(build: Build, system: str, prompt: str, messages: list[tuple[str, str]]) -> None:
    environment = build([], system=system, prompt=prompt).environment
    found = environment.messages(TASK)
    assert [(message["role"], message["content"]) for message in found] == messages


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("{{ task.nothing }}", "task `t1`: UndefinedError: 'dict object' has no attribute"),
        ("{{ range(3) }}", "'range' is undefined"),
        ("{{ task.__class__ }}", "SecurityError"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
    ],
)
def test_template_that_cannot_be_rendered(build: Build, prompt: str, message: str) -> None:
    environment = build([], prompt=prompt).environment
    with pytest.raises(PlanFault) as caught:
        environment.messages(Task("t1", "train", {"a": 1}))
    assert caught.value.path == "environment.prompt"
    assert message in caught.value.message


def test_template_that_cannot_be_compiled(build: Build) -> None:
    with pytest.raises(PlanFault, match="the template is broken: TemplateSyntaxError"):
        build([], system="{{ task.")
