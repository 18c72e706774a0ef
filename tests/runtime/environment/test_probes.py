"""What is read of an episode's state when it is over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mrlc.runtime.environment.probes import MAX_ROWS
from mrlc.runtime.errors import EnvironmentBroken, PlanFault
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.task import Task

from .conftest import TASK, Build, World

SEED = "CREATE TABLE notes (day INTEGER, text); INSERT INTO notes VALUES (1, 'first');"
STATE = {"desk": {"sqlite": "desk.sql"}, "work": {"folder": "empty"}}
ADD = {"day": {"type": "integer"}, "text": {"type": "string"}}
TOOLS: list[dict[str, Any]] = [
    {"name": "add", "parameters": ADD, "sql": {"state": "desk", "write": "INSERT INTO notes VALUES (:day, :text)"}},
    {"name": "many", "parameters": {"n": {"type": "integer"}}, "sql": {"state": "desk", "write": """
        WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < :n)
        INSERT INTO notes SELECT x, NULL FROM c"""}},
    {"name": "blob", "sql": {"state": "desk", "write": "INSERT INTO notes VALUES (1e999, x'00ff')"}},
    {"name": "big", "sql": {"state": "desk", "write": "INSERT INTO notes VALUES (3, hex(zeroblob(400000))), (4, hex(zeroblob(400000)))"}},
    {"name": "write", "parameters": {"path": {"type": "string"}, "content": {"type": "string"}},
     "file": {"state": "work", "action": "write"}},
    {"name": "close", "python": "tools.py:close"},
]  # fmt: skip
FINAL = {
    "notes": {"state": "desk", "read": "SELECT day, text FROM notes ORDER BY day"},
    "last": {"state": "desk", "read": "SELECT text FROM notes WHERE day > 1", "single": True},
    "mine": {"state": "desk", "read": "SELECT day FROM notes WHERE text = :question"},
    "items": {"state": "desk", "read": "SELECT value FROM json_each(:items)"},
    "parsed": {"state": "desk", "read": "SELECT json(text) AS t FROM notes WHERE day = 2"},
    "texts": {"state": "work", "read_files": "*.txt"},
}
FILES = {
    "desk.sql": SEED,
    "tools.py": 'def close(episode): episode.state["desk"].close()',
}


@pytest.fixture(scope="module")
def world(build: Build) -> World:
    return build(TOOLS, FILES, state=STATE, final=FINAL)


def test_values_at_the_start(world: World) -> None:
    assert world.final() == {
        "notes": [{"day": 1, "text": "first"}],
        "last": None,
        "mine": [],
        "items": [{"value": "pen"}],
        "parsed": [],
        "texts": {},
    }


QUESTION = TASK.row["question"]


@pytest.mark.parametrize(
    ("call", "probe", "value"),
    [
        (("add", {"day": 2, "text": "x"}), "last", {"text": "x"}),
        (("add", {"day": 5, "text": QUESTION}), "mine", [{"day": 5}]),
        (("blob", {}), "notes", [{"day": 1, "text": "first"}, {"day": "inf", "text": "00ff"}]),
        (("many", {"n": MAX_ROWS}), "notes", {"too_large": "more than 1000 rows"}),
        (("big", {}), "notes", {"too_large": "more than 1,048,576 bytes"}),
        (("add", {"day": 2, "text": "{"}), "parsed", {"refused": "malformed JSON"}),
        (("write", {"path": "a/b.txt", "content": "x"}), "texts", {"a/b.txt": "x"}),
        (("write", {"path": "b.csv", "content": "x"}), "texts", {}),
    ],
)
def test_value_after_a_call(world: World, call: Any, probe: str, value: Any) -> None:
    assert world.final(call)[probe] == value


def test_a_column_that_the_task_lacks_is_null(world: World) -> None:
    task = Task("t2", "train", {"question": "?"})
    assert world.final(task=task)["items"] == []


def test_a_state_that_cannot_be_read_breaks_the_environment(world: World) -> None:
    with pytest.raises(EnvironmentBroken, match=r"^final\.notes: ProgrammingError$"):
        world.final(("close", {}))


def test_a_probe_that_takes_too_long_breaks_the_environment(build: Build) -> None:
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
    final = {"x": {"state": "desk", "read": endless}}
    slow = build([], FILES, state=STATE, final=final, timeout_s=0.05)
    with pytest.raises(EnvironmentBroken, match=r"^final\.x: "):
        slow.final()


def test_interleaved_episodes_have_their_own_final_state(world: World) -> None:
    async def run() -> list[Any]:
        async with (
            world.environment.open(TASK, seed=1) as one,
            world.environment.open(TASK, seed=2) as other,
        ):
            await one.call(ToolCall("add", {"day": 2, "text": "one"}))
            await other.call(ToolCall("add", {"day": 2, "text": "other"}))
            return [(await episode.final())["last"] for episode in (one, other)]

    assert asyncio.run(run()) == [{"text": "one"}, {"text": "other"}]


@pytest.mark.parametrize(
    "read", ["DELETE FROM notes", "SELECT * FROM nowhere", "PRAGMA user_version"]
)
def test_statement_that_cannot_be_used(build: Build, read: str) -> None:
    with pytest.raises(PlanFault) as caught:
        build([], FILES, state=STATE, final={"x": {"state": "desk", "read": read}})
    assert caught.value.path == "environment.final.x.read"
