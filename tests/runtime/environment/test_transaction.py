"""Steps happen together or not at all, whatever ends them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.environment import Environment
from mrlc.runtime.errors import EnvironmentBroken, PlanFault
from mrlc.runtime.rollout.trajectory import ToolCall

from .conftest import TASK, Build, World

SEED = """
    CREATE TABLE accounts (
      owner TEXT PRIMARY KEY CHECK (length(owner) < 9),
      cents INTEGER NOT NULL CONSTRAINT "the balance cannot be negative" CHECK (cents >= 0)
    );
    CREATE TABLE moves (
      id INTEGER PRIMARY KEY, source TEXT REFERENCES accounts, target TEXT, cents INTEGER,
      FOREIGN KEY (target) REFERENCES accounts DEFERRABLE INITIALLY DEFERRED
    );
    CREATE UNIQUE INDEX one ON moves (lower(source)) WHERE cents = 77;
    INSERT INTO accounts VALUES ('ann', 500), ('bob', 100);
    INSERT INTO moves VALUES (0, 'ann', 'bob', 77);
"""
STATE = {"bank": {"sqlite": "bank.sql"}}
WHO = {"source": {"type": "string"}, "target": {"type": "string"}, "cents": {"type": "integer"}}
TAKE = "UPDATE accounts SET cents = cents - :cents WHERE owner = :source"
GIVE = "UPDATE accounts SET cents = cents + :cents WHERE owner = :target"
NOTE = (
    "INSERT INTO moves (source, target, cents) VALUES (:source, :target, :cents) "
    "RETURNING id AS move, cents * 2 AS twice"
)
SPIN = (
    "UPDATE accounts SET cents = (WITH RECURSIVE c(x) AS "
    "(SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c)"
)


def tool(name: str, *steps: dict[str, Any], **sql: Any) -> dict[str, Any]:
    return {"name": name, "parameters": WHO, "sql": {"state": "bank", "steps": steps, **sql}}


FOUND = {
    "read": "SELECT cents AS had FROM accounts WHERE owner = :source",
    "require": "rows >= 1",
    "else": {"error": "no such account"},
}
TOOLS = [
    tool(
        "move",
        FOUND,
        {"write": TAKE},
        {"write": GIVE, "require": "changes == 1", "else": {"ok": False}},
        {"write": NOTE},
        returns=["move", "had", "cents"],
    ),
    tool("count", {"write": TAKE}, {"write": GIVE}),
    tool("show", {"write": GIVE}, {"read": "SELECT * FROM accounts ORDER BY owner"}),
    tool("chain", FOUND, {"write": "UPDATE accounts SET cents = :had + 1 WHERE owner = 'bob'"}),
    tool("note", {"write": NOTE}, {"write": GIVE}),
    tool("spin", {"write": TAKE}, {"write": SPIN}),
    tool("wait", {"write": TAKE}, {"read": "SELECT 1 / (:cents > 0) AS x, json(:target) AS y"}),
    tool("add", {"write": "INSERT INTO accounts VALUES (:source, :cents)"}),
    tool("null", {"write": "INSERT INTO accounts VALUES (:source, NULL)"}),
    tool("fill", {"write": TAKE}, {"write": """
        WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)
        INSERT INTO moves (source) SELECT NULL FROM c"""}),
]  # fmt: skip


@pytest.fixture(scope="module")
def world(build: Build) -> World:
    return build(TOOLS, {"bank.sql": SEED}, state=STATE, timeout_s=20.0)


@pytest.fixture(scope="module")
def hasty(build: Build) -> World:
    return build(TOOLS, {"bank.sql": SEED}, state=STATE, timeout_s=0.05)


def arguments(source: str = "ann", target: str = "bob", cents: int = 50) -> dict[str, Any]:
    return {"source": source, "target": target, "cents": cents}


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("move", arguments(), '{"move": 1, "had": 500, "cents": 50}'),
        ("count", arguments(), '{"rows": 2}'),
        ("count", arguments(target="eve"), '{"rows": 1}'),
        (
            "show",
            arguments(),
            '[{"owner": "ann", "cents": 500}, {"owner": "bob", "cents": 150}]',
        ),
        ("chain", arguments(), '{"rows": 1}'),
    ],
)
def test_result(world: World, name: str, given: Any, text: str) -> None:
    result = world.call(name, given)
    assert (result.text, result.is_error) == (text, False)


async def _before_and_after(environment: Environment, call: ToolCall) -> tuple[bytes, bytes, Any]:
    async with environment.open(TASK, seed=1) as episode:
        connection = episode._scope.state["bank"]
        connection.set_authorizer(None)  # which refuses even to be looked at
        before = connection.serialize()
        try:
            answer: Any = await episode.call(call)
        except EnvironmentBroken as broken:
            answer = str(broken)
        assert not connection.in_transaction
        return before, connection.serialize(), answer


@pytest.mark.parametrize(
    ("name", "given", "reply"),
    [
        ("move", arguments(source="eve"), {"error": "no such account"}),
        ("move", arguments(target="eve"), {"ok": False}),
        ("move", arguments(cents=501), {"error": "the balance cannot be negative"}),
        ("move", arguments(cents=2**70), {"error": "Python int too large to convert to SQLite INTEGER"}),
        ("note", arguments(target="eve"), {"error": "it refers to an entry that does not exist, or is referred to"}),
        ("wait", arguments(target="{"), {"error": "malformed JSON"}),
        ("add", arguments(), {"error": "another entry has the same `owner`"}),
        ("note", arguments(cents=77), {"error": "such an entry exists already"}),
        ("add", arguments(source="somebody else"), {"error": "a value is not allowed"}),
        ("null", arguments(source="eve"), {"error": "`cents` is missing"}),
        ("fill", arguments(), {"error": "there is no room for more"}),
    ],
)  # fmt: skip
def test_a_refusal_takes_every_step_back(world: World, name: str, given: Any, reply: Any) -> None:
    call = ToolCall(name, given)
    before, after, result = asyncio.run(_before_and_after(world.environment, call))
    assert result.is_error
    assert json.loads(result.text) == reply
    assert before == after


def test_a_time_out_takes_every_step_back(hasty: World) -> None:
    call = ToolCall("spin", arguments())
    before, after, result = asyncio.run(_before_and_after(hasty.environment, call))
    assert result == "spin: took longer than 0.05 s"
    assert before == after


CALLS = st.tuples(
    st.sampled_from(["move", "count", "note", "add", "chain", "wait"]),
    st.sampled_from(["ann", "bob", "eve", "ANN"]),
    st.sampled_from(["ann", "bob", "eve", "{"]),
    st.integers(-600, 600),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(CALLS, max_size=8))
def test_money_is_moved_and_never_made(world: World, calls: list[Any]) -> None:
    """Of `move` calls, done or refused, the sum of all accounts knows nothing."""

    async def run() -> None:
        async with world.environment.open(TASK, seed=1) as episode:
            connection = episode._scope.state["bank"]
            connection.set_authorizer(None)
            for name, *given in calls:
                before = connection.serialize()
                total = "SELECT sum(cents) FROM accounts"
                (was,) = connection.execute(total).fetchone()
                result = await episode.call(ToolCall(name, arguments(*given)))
                if result.is_error:
                    assert connection.serialize() == before
                if name == "move":
                    assert connection.execute(total).fetchone() == (was,)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("require", "text"),
    [
        ("rows == 30", '[{"x": 1}, {"x": 2}]'),
        ("rows >= 31", '{"error": "refused"}'),
        ("rows != 29", '[{"x": 1}, {"x": 2}]'),
        ("rows < 30", '{"error": "refused"}'),
        ("rows > 0", '[{"x": 1}, {"x": 2}]'),
        ("rows <= 2", '{"error": "refused"}'),
    ],
)
def test_more_rows_are_counted_than_are_shown(build: Build, require: str, text: str) -> None:
    count = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 30) "
    step = {"read": f"{count} SELECT x FROM c", "require": require}
    world = build([tool("t", step, max_rows=2)], {"bank.sql": SEED}, state=STATE)
    assert world.call("t", arguments()).text == text


def test_a_broken_step_is_found_when_the_environment_is_loaded(build: Build) -> None:
    steps = [{"read": "SELECT 1"}, {"write": "DELETE FROM nowhere"}]
    with pytest.raises(PlanFault) as caught:
        build([tool("t", *steps)], {"bank.sql": SEED}, state=STATE)
    assert caught.value.path == "environment.tools.0.sql.steps.1.write"
