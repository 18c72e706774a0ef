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

from .conftest import TASK, Build

SEED = """
    CREATE TABLE stock (item TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0));
    CREATE TABLE orders (item TEXT NOT NULL REFERENCES stock (item), note TEXT);
    CREATE TRIGGER few BEFORE INSERT ON orders WHEN NEW.note = 'bad'
      BEGIN SELECT RAISE (ABORT, 'no such note'); END;
    INSERT INTO stock VALUES ('pen', 3), ('cup', 1), ('mug', 0);
"""
STATE = {"desk": {"sqlite": "desk.sql"}}
ITEM = {"item": {"type": "string"}}
TAKE = "UPDATE stock SET n = n - 1 WHERE item = :item"


def tool(name: str, parameters: dict[str, Any], **sql: Any) -> dict[str, Any]:
    return {"name": name, "parameters": parameters, "sql": {"state": "desk", **sql}}


TOOLS = [
    tool("stock", ITEM, read="SELECT item, n FROM stock WHERE item = :item"),
    tool("all", {}, read="SELECT item FROM stock ORDER BY n DESC", max_rows=2),
    tool("take", ITEM, write=TAKE),
    tool("order", {**ITEM, "note": {"type": "string", "required": False}},
         write="INSERT INTO orders VALUES (:item, :note)"),
    tool("orders", {}, read="SELECT * FROM orders"),
    tool("clear", {}, write="WITH few AS (SELECT 1) DELETE FROM stock WHERE n <= 1"),
    tool("double", {"x": {"type": "number"}}, read="SELECT :x * 2 AS x"),
    tool("field", {"x": {"type": "string"}}, read="SELECT json_extract(:x, '$.a') AS a"),
    tool("letter", {"x": {"type": "integer"}}, read="SELECT char(:x) AS c"),
    tool("blank", {"x": {"type": "integer"}}, read="SELECT length(zeroblob(:x)) AS n"),
    tool("dice", {}, read="SELECT random() AS n"),
    tool("spin", {"n": {"type": "integer"}}, read="""
        WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < :n)
        SELECT max(x) AS x FROM c"""),
]  # fmt: skip


@pytest.fixture(scope="module")
def environment(build: Build) -> Environment:
    return build(TOOLS, {"desk.sql": SEED}, state=STATE, timeout_s=0.05).environment


@pytest.fixture(scope="module")
def run(environment: Environment) -> Any:
    from .conftest import World

    return World(environment).calls


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (("stock", {"item": "pen"}), '[{"item": "pen", "n": 3}]'),
        (("stock", {"item": "x' OR 1=1 --"}), "[]"),
        (("all", {}), '[{"item": "pen"}, {"item": "cup"}]'),
        (("take", {"item": "cup"}), '{"rows": 1}'),
        (("take", {"item": "hat"}), '{"rows": 0}'),
        (("clear", {}), '{"rows": 2}'),
        (("double", {"x": 1.5}), '[{"x": 3.0}]'),
        (("letter", {"x": 0xD800}), '[{"c": "\ufffd\ufffd\ufffd"}]'),
    ],
)
def test_result(run: Any, call: Any, text: str) -> None:
    (result,) = run(call)
    assert (result.text, result.is_error) == (text, False)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("take", {"item": "mug"}), "a value is not allowed"),
        (
            ("order", {"item": "hat"}),
            "it refers to an entry that does not exist, or is referred to",
        ),
        (("order", {"item": "pen", "note": "bad"}), "no such note"),
        (("double", {"x": 10**30}), "Python int too large to convert to SQLite INTEGER"),
        (("double", {"x": 1e308}), "a number is out of range"),
        (("field", {"x": "{"}), "malformed JSON"),
        (("blank", {"x": 10**9}), "string or blob too big"),
    ],
)
def test_what_the_values_caused_is_the_tools_own_error(run: Any, call: Any, message: str) -> None:
    refused, after = run(call, ("stock", {"item": "pen"}))
    assert refused.is_error
    assert json.loads(refused.text) == {"error": message}
    assert after.text == '[{"item": "pen", "n": 3}]'


def test_lone_surrogate_is_the_tools_own_error(run: Any) -> None:
    assert run(("stock", {"item": "\ud800"}))[0].is_error


def test_argument_left_out_is_null(run: Any) -> None:
    _, rows = run(("order", {"item": "pen"}), ("orders", {}))
    assert rows.text == '[{"item": "pen", "note": null}]'


def test_random_is_the_episodes_own_stream(run: Any) -> None:
    one, again = run(("dice", {}), ("dice", {}), seed=3), run(("dice", {}), ("dice", {}), seed=3)
    assert [r.text for r in one] == [r.text for r in again]
    assert one[0].text != one[1].text
    assert one[0].text != run(("dice", {}), seed=4)[0].text


def test_statement_is_interrupted_at_the_time_limit(run: Any) -> None:
    assert run(("spin", {"n": 10}))[0].text == '[{"x": 10}]'
    with pytest.raises(EnvironmentBroken, match=r"^spin: took longer than 0\.05 s$"):
        run(("spin", {"n": 10**9}))


Step = tuple[int, str, str]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(["take", "order", "clear"]),
            st.sampled_from(["pen", "cup", "mug"]),
        ),
        max_size=12,
    )
)
def test_episodes_never_see_one_another(environment: Environment, steps: list[Step]) -> None:
    """Interleaved, each of three episodes ends as if it had run alone."""

    def arguments(name: str, item: str) -> dict[str, str]:
        return {} if name == "clear" else {"item": item}

    async def interleaved() -> list[list[str]]:
        async with (
            environment.open(TASK, seed=0) as a,
            environment.open(TASK, seed=1) as b,
            environment.open(TASK, seed=2) as c,
        ):
            episodes = [a, b, c]
            for who, name, item in steps:
                await episodes[who].call(ToolCall(name, arguments(name, item)))
            return [await look(episode) for episode in episodes]

    async def alone(who: int) -> list[str]:
        async with environment.open(TASK, seed=who) as episode:
            for whose, name, item in steps:
                if whose == who:
                    await episode.call(ToolCall(name, arguments(name, item)))
            return await look(episode)

    async def look(episode: Any) -> list[str]:
        calls = [ToolCall("all", {}), ToolCall("orders", {}), ToolCall("stock", {"item": "pen"})]
        return [(await episode.call(call)).text for call in calls]

    assert asyncio.run(interleaved()) == [asyncio.run(alone(who)) for who in range(3)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ({"read": "SELEC 1"}, 'the statement cannot be prepared: near "SELEC": syntax error'),
        ({"read": "SELECT * FROM nowhere"}, "no such table: nowhere"),
        ({"read": "SELECT :other"}, "binding"),
        ({"read": "SELECT 1; SELECT 2"}, "one statement at a time"),
        ({"read": "DELETE FROM stock"}, "the statement is no SELECT"),
        ({"read": "ATTACH 'x.db' AS x"}, "not authorized"),
        ({"read": "PRAGMA table_info(stock)"}, "not authorized"),
        ({"write": "DROP TABLE stock"}, "not authorized"),
        ({"write": "CREATE TABLE x (a)"}, "not authorized"),
        ({"write": "SELECT 1"}, "the statement is no INSERT, UPDATE or DELETE"),
        ({"read": "SELECT randomblob(4)"}, "not authorized"),
        ({"read": "SELECT load_extension('x')"}, "not authorized"),
    ],
)
def test_statement_that_cannot_be_used(build: Build, sql: dict[str, str], message: str) -> None:
    with pytest.raises(PlanFault) as caught:
        build([tool("t", {}, **sql)], {"desk.sql": SEED}, state=STATE)
    assert caught.value.path == f"environment.tools.0.sql.{next(iter(sql))}"
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("CREATE TABLE", "incomplete input"),
        ("ATTACH 'other.db' AS o;", "not authorized"),
        ("VACUUM INTO 'copy.db';", "authorization denied"),
    ],
)
def test_script_that_cannot_be_run(build: Build, script: str, message: str) -> None:
    with pytest.raises(PlanFault) as caught:
        build([], {"desk.sql": script}, state=STATE)
    assert caught.value.path == "environment.state.desk.sqlite"
    assert message in caught.value.message


@pytest.mark.parametrize(
    "script",
    [
        "",
        "PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE t (a DEFAULT CURRENT_TIMESTAMP); COMMIT;",
        "CREATE VIRTUAL TABLE t USING fts5 (a); INSERT INTO t VALUES ('one word');",
    ],
)
def test_scripts_of_every_sort(build: Build, script: str) -> None:
    tools = [
        tool("add", {"a": {"type": "string"}}, write="INSERT INTO t (a) VALUES (:a)"),
        tool("count", {}, read="SELECT count(*) AS n FROM t"),
    ]
    world = build(tools if script else [], {"desk.sql": script}, state=STATE)
    if not script:
        assert world.calls() == []
        return
    first, added, second = world.calls(("count", {}), ("add", {"a": "word"}), ("count", {}))
    assert added.text == '{"rows": 1}'
    assert json.loads(second.text)[0]["n"] == json.loads(first.text)[0]["n"] + 1


def test_an_array_is_bound_as_its_json(build: Build) -> None:
    items = {"items": {"type": "array", "items": {"type": "string"}}}
    read = "SELECT value AS item FROM json_each(:items) ORDER BY value"
    world = build([tool("sorted", items, read=read)], {"desk.sql": SEED}, state=STATE)
    (found,) = world.calls(("sorted", {"items": ["pen", "cup"]}))
    assert json.loads(found.text) == [{"item": "cup"}, {"item": "pen"}]
