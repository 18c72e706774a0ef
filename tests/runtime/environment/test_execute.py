from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from mrlc.runtime.errors import EnvironmentBroken, PlanFault
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.sandbox import wardens
from mrlc.runtime.sandbox.outcome import SandboxUnavailable
from mrlc.runtime.sandbox.tiers import _probed

from .conftest import TASK, Build, World

CODE = {"code": {"type": "string"}}
SEED = """
    CREATE TABLE stock (item TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0));
    INSERT INTO stock VALUES ('pen', 3), ('cup', 1);
"""


def tool(name: str, **execute: Any) -> dict[str, Any]:
    return {"name": name, "parameters": CODE, "execute": execute}


TOOLS = [
    tool("python", language="python", timeout_s=0.3, output_bytes=100),
    tool("sum", language="arithmetic"),
    tool("sql", language="sql", state="desk", timeout_s=0.3, memory_mb=16, output_bytes=4000),
    {"name": "take", "parameters": {"item": {"type": "string"}},
     "sql": {"state": "desk", "write": "UPDATE stock SET n = n - 1 WHERE item = :item"}},
]  # fmt: skip


@pytest.fixture(scope="module")
def world(build: Build) -> World:
    return build(TOOLS, {"desk.sql": SEED}, state={"desk": {"sqlite": "desk.sql"}})


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("python", "print('a')\n{'c', 'b'}", "a\n{'b', 'c'}"),
        ("python", "", ""),
        ("sum", "round(2 / 3, 3)", "0.667"),
        ("sql", "SELECT * FROM stock", '[{"item": "pen", "n": 3}, {"item": "cup", "n": 1}]'),
        ("sql", "DELETE FROM stock", '{"rows": 2}'),
        ("sql", "SELECT 1e999 AS x, x'00ff' AS y", '[{"x": null, "y": "00ff"}]'),
        ("sql", "UPDATE stock SET n = 7 RETURNING n", '[{"n": 7}, {"n": 7}]'),
    ],
)
def test_result(world: World, name: str, code: str, text: str) -> None:
    result = world.call(name, {"code": code})
    assert (result.text, result.is_error) == (text, False)


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("python", "x = 1\nx / 0", "ZeroDivisionError: division by zero (line 2)"),
        ("python", "while True: pass", "stopped after 0.3 s"),
        ("python", "print('x' * 101)", f"{'x' * 100}\nstopped after 100 bytes of output"),
        ("sum", "2 ^ 3", "the operators are + - * / // % ** == != < <= > >= not, and, or, and x if y else z"),
        ("sum", "x + 1", "'x' is not defined"),
        ("sql", "SELEC 1", 'near "SELEC": syntax error'),
        ("sql", "UPDATE stock SET n = -1", "CHECK constraint failed: n >= 0"),
        ("sql", "SELECT 1; SELECT 2", "You can only execute one statement at a time."),
        ("sql", "SELECT datetime('now')", "the time of day is not to be had here"),
    ],
)  # fmt: skip
def test_failure_is_text_for_the_model(world: World, name: str, code: str, message: str) -> None:
    result = world.call(name, {"code": code})
    assert result.is_error
    assert json.loads(result.text) == {"error": message}


LOOP = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
HOSTILE_SQL = [
    "ATTACH '/tmp/mrlc-x' AS x", "VACUUM INTO '/tmp/mrlc-x'", "PRAGMA writable_schema = 1", "BEGIN",
    "CREATE TABLE t (a)", "CREATE TRIGGER t AFTER INSERT ON stock BEGIN SELECT 1; END", "DROP TABLE stock",
    "CREATE VIRTUAL TABLE t USING fts5(a)", "SELECT load_extension('x')", "SELECT randomblob(9)",
    "SELECT zeroblob(900000000)", "SELECT hex(zeroblob(400000000))", "SELECT printf('%1000000000d', 1)",
    f"{LOOP} SELECT max(x) FROM c", f"{LOOP} SELECT group_concat(x) FROM c", f"{LOOP} SELECT x FROM c ORDER BY x",
    f"{LOOP} INSERT INTO stock SELECT hex(zeroblob(40000)) || x, x FROM c", "SELECT " + "(" * 200 + "1" + ")" * 200,
    " UNION ".join(["SELECT 1"] * 30), "SELECT '" + "x" * 30000 + "'", "SELECT 1 WHERE " + " OR ".join(["1"] * 200),
    "SELECT replace(hex(zeroblob(40000)), '0', 'a') LIKE '%" + "a%" * 45 + "b'", "\0", "\ud800", "", "--", "SELECT ?",
    "SELECT readfile('/etc/passwd')", "SELECT writefile('/tmp/mrlc-x', 'x')", "SELECT edit('x')",
    "SELECT instr(replace(hex(zeroblob(40000)),'0','a'), replace(hex(zeroblob(20000)),'0','a') || 'b')",
]  # fmt: skip


def test_hostile_sql(world: World) -> None:
    """Each is refused or stopped; then the database is as it was, and other tools go on."""

    async def run() -> None:
        async with world.environment.open(TASK, seed=1) as episode:
            for code in HOSTILE_SQL:
                result = await episode.call(ToolCall("sql", {"code": code}))
                harmless = ("SELECT instr", "SELECT replace", "SELECT printf", "--")  # and bounded
                assert result.is_error or code.startswith(harmless) or not code, code[:60]
                assert result.seconds < 3, code[:60]
            assert not (await episode.call(ToolCall("take", {"item": "pen"}))).is_error
            rows = await episode.call(ToolCall("sql", {"code": "SELECT * FROM stock"}))
            assert rows.text == '[{"item": "pen", "n": 2}, {"item": "cup", "n": 1}]'

    asyncio.run(run())
    assert not Path("/tmp/mrlc-x").exists()


def test_a_connection_has_its_own_guard_again(world: World) -> None:
    async def run() -> None:
        async with world.environment.open(TASK, seed=1) as episode:
            await episode.call(ToolCall("sql", {"code": "SELECT 1"}))
            (connection,) = episode._scope.state.values()
            with pytest.raises(Exception, match="not authorized"):
                connection.execute("ATTACH '/tmp/mrlc-x' AS x")
            connection.execute("SELECT zeroblob(200000)").fetchall()

    asyncio.run(run())


DICE = "import random\nrandom.random()"


def test_random_by_episode_and_call(world: World) -> None:
    def dice(seed: int) -> list[str]:
        calls = world.calls(("python", {"code": DICE}), ("python", {"code": DICE}), seed=seed)
        return [result.text for result in calls]

    assert dice(1) == dice(1)
    assert len({*dice(1), *dice(2)}) == 4


def test_many_calls_wait_for_a_place_without_that_their_time_runs(build: Build) -> None:
    slow = build([tool("python", language="python", timeout_s=0.2)], timeout_s=0.1)

    async def run() -> list[str]:
        async with slow.environment.open(TASK, seed=1) as episode:
            calls = [ToolCall("python", {"code": "while True: pass"})] * 12
            return [
                (await one).text for one in [asyncio.ensure_future(episode.call(c)) for c in calls]
            ]

    assert asyncio.run(run()) == ['{"error": "stopped after 0.2 s"}'] * 12


def test_tiers_are_known(world: World) -> None:
    tiers = world.environment.tiers
    assert list(tiers) == ["python", "sum", "sql"]
    assert tiers["python"].startswith("interpreter: monty")


def test_a_tier_that_does_not_hold_is_refused(build: Build, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    _probed.cache_clear()
    declared = {**tool("sh", language="shell", isolation="namespaces")}
    with pytest.raises(PlanFault, match="namespaces: bubblewrap is not installed") as caught:
        build([declared])
    assert caught.value.path == "environment.tools.0.execute.isolation"
    _probed.cache_clear()


@pytest.fixture(scope="module")
def real(build: Build) -> World:
    try:
        _probed("python", "process")
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    declared = tool("python", language="python", isolation="process", timeout_s=1)
    try:
        return build([declared])
    finally:
        wardens.close()


def test_real_python(real: World) -> None:
    texts = [r.text for r in real.calls(*[("python", {"code": DICE})] * 2, seed=4)]
    assert texts == [r.text for r in real.calls(*[("python", {"code": DICE})] * 2, seed=4)]
    assert texts[0] != texts[1]
    assert real.call("python", {"code": "def g():\n yield 1\nsum(g()), hash('a')"}).text.startswith(
        "(1, "
    )


def test_a_killed_sandbox_breaks_the_environment_and_is_replaced(real: World) -> None:
    assert real.call("python", {"code": "1"}).text == "1"
    used = wardens._shared()._free.queue[-1]
    assert used is not None
    os.kill(used._process.pid, signal.SIGKILL)
    with pytest.raises(EnvironmentBroken, match="python: "):
        real.call("python", {"code": "2"})
    assert real.call("python", {"code": "3"}).text == "3"
