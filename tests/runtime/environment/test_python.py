from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from mrlc.runtime.errors import EnvironmentBroken, PlanFault
from mrlc.runtime.rollout.trajectory import ToolCall

from .conftest import TASK, Build, World

CODE = """
import asyncio, json, sqlite3, sys, threading, time
from mrlc.runtime.environment import ToolError

events, go_on = [], threading.Event()

def add(a, b=1):
    return {"sum": a + b}

async def slow_add(a, b=1):
    await asyncio.sleep(0)
    return a + b

def text(a): return f"<{a}>"
def nothing(a): pass
def refuse(a): raise ToolError("no such\\norder")
async def refuse_async(a): raise ToolError("not today")
def crash(a): return {}[a]
def library(a): return json.loads("{")
async def crash_async(a): raise TimeoutError("secret")
def leave(a): sys.exit(3)
async def leave_async(a): sys.exit(3)
def stop(a): raise StopIteration
async def cancel(a): raise asyncio.CancelledError
def not_json(a): return {1, 2}
def not_finite(a): return float("nan")

def hang(a): time.sleep(3)
async def hang_async(a):
    try:
        await asyncio.sleep(60)
    finally:
        events.append("cleaned up")
async def stubborn(a):
    while len(events) < 1000:
        try:
            await asyncio.sleep(0.2)
            return
        except asyncio.CancelledError:
            events.append("refused")

def remember(a, episode):
    seen = episode.memory.setdefault("seen", [])
    time.sleep(0.002 * (5 - a))
    seen.append(a)
    return seen

def row(a, episode): return [episode.task["question"], episode.seed, episode.random.random()]

def query(a, episode):
    return episode.state["desk"].execute(a).fetchall()

def spin(a, episode):
    episode.memory["thread"] = threading.current_thread()
    return episode.state["desk"].execute(
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
    ).fetchall()
def late_write(a, episode):
    go_on.wait(5)
    try:
        episode.state["desk"].execute("INSERT INTO t VALUES (1)")
        events.append("written")
    except sqlite3.Error as error:
        events.append(str(error))
"""
INTEGER = {"a": {"type": "integer"}}
ANY = {"crash": {"a": {"type": "string"}}, "query": {"a": {"type": "string"}}}
NAMES = [
    "add slow_add text nothing refuse refuse_async crash library crash_async leave leave_async",
    "stop cancel not_json not_finite hang hang_async stubborn remember row query spin late_write",
]


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "parameters": ANY.get(name, INTEGER), "python": f"tools.py:{name}"}


@pytest.fixture(scope="module")
def world(build: Build) -> World:
    return make(build, 5.0)


@pytest.fixture(scope="module")
def hasty(build: Build) -> World:
    """The same tools with 0.05 s for a call."""
    return make(build, 0.05)


def make(build: Build, timeout_s: float) -> World:
    tools = [tool(name) for line in NAMES for name in line.split()]
    files = {"tools.py": CODE, "desk.sql": "CREATE TABLE t (a);"}
    state = {"desk": {"sqlite": "desk.sql"}}
    return build(tools, files, state=state, timeout_s=timeout_s)


def body_line(name: str) -> int:
    """The line of the code where the body of a function starts."""
    lines = CODE.lstrip("\n").splitlines()
    at = next(i for i, line in enumerate(lines) if f"def {name}(" in line)
    return at + 1 + lines[at].endswith(":")


def its(world: World, name: str) -> Any:
    """A global of the tools' file."""
    back_end: Any = world.environment._bound["slow_add"].back_end
    return back_end._function.__globals__[name]


@pytest.mark.parametrize(
    ("name", "text", "is_error"),
    [
        ("add", '{"sum": 3}', False),
        ("slow_add", "3", False),
        ("text", "<2>", False),
        ("nothing", "null", False),
        ("refuse", '{"error": "no such\\norder"}', True),
        ("refuse_async", '{"error": "not today"}', True),
    ],
)
def test_result(world: World, name: str, text: str, is_error: bool) -> None:
    result = world.call(name, {"a": 2})
    assert (result.text, result.is_error) == (text, is_error)


@pytest.mark.parametrize(
    ("name", "argument", "cause"),
    [
        ("crash", "secret", "KeyError at tools.py:LINE"),  # no message: it may hold a secret
        ("library", 1, "JSONDecodeError at tools.py:LINE"),
        ("crash_async", 1, "TimeoutError at tools.py:LINE"),
        ("leave", 1, "raised SystemExit at tools.py:LINE"),
        ("leave_async", 1, "raised SystemExit at tools.py:LINE"),
        ("stop", 1, "raised StopIteration at tools.py:LINE"),
        ("cancel", 1, "cancelled its own call"),
        ("not_json", 1, "returned what is not JSON"),
        ("not_finite", 1, "returned what is not JSON"),
        ("hang", 1, "took longer than 0.05 s"),
        ("hang_async", 1, "took longer than 0.05 s"),
        ("spin", 1, "took longer than 0.05 s"),
        ("query", "PRAGMA user_version = 3", "DatabaseError at tools.py:LINE"),
    ],
)
def test_crash_and_timeout_break_the_environment(
    world: World, hasty: World, name: str, argument: Any, cause: str
) -> None:
    called = hasty if cause.startswith("took") else world
    started = time.monotonic()
    with pytest.raises(EnvironmentBroken) as caught:
        called.call(name, {"a": argument})
    expected = cause.replace("LINE", str(body_line(name)))
    assert (caught.value.tool, caught.value.cause) == (name, expected)
    assert time.monotonic() - started < 3  # what hangs is not waited for


def test_coroutine_that_timed_out_is_cleaned_up_first(hasty: World) -> None:
    its(hasty, "events").clear()
    with pytest.raises(EnvironmentBroken):
        hasty.call("hang_async", {"a": 1})
    assert its(hasty, "events") == ["cleaned up"]


def test_coroutine_that_refuses_to_be_cancelled(hasty: World) -> None:
    its(hasty, "events").clear()
    with pytest.raises(EnvironmentBroken, match="took longer"):
        hasty.call("stubborn", {"a": 1})
    assert "refused" in its(hasty, "events")


def test_calls_that_touch_the_episode_run_one_by_one_in_order(world: World) -> None:
    async def run() -> list[str]:
        async with world.environment.open(TASK, seed=1) as episode:
            calls = [episode.call(ToolCall("remember", {"a": a})) for a in range(5)]
            return [result.text for result in await asyncio.gather(*calls)]

    assert asyncio.run(run())[-1] == "[0, 1, 2, 3, 4]"
    assert world.call("remember", {"a": 4}).text == "[4]"  # and no episode sees another's


def test_episode_argument(world: World) -> None:
    one, other = world.calls(("row", {"a": 1}), ("row", {"a": 1}), seed=9)
    question, seed, drawn = json.loads(one.text)
    assert (question, seed) == (TASK.row["question"], 9)
    assert json.loads(other.text)[2] != drawn
    assert world.calls(("row", {"a": 1}), seed=9)[0].text == one.text


def test_state_is_closed_under_no_running_statement(hasty: World) -> None:
    """A thread that hangs in a system call keeps the connection until it is interrupted."""

    async def run() -> Any:
        async with hasty.environment.open(TASK, seed=1) as episode:
            with pytest.raises(EnvironmentBroken):
                await episode.call(ToolCall("late_write", {"a": 1}))
            return episode._scope

    its(hasty, "events").clear()
    scope = asyncio.run(run())
    connection = scope.state["desk"]
    assert connection.total_changes == 0  # open still
    its(hasty, "go_on").set()
    deadline = time.monotonic() + 5
    while scope._leases and time.monotonic() < deadline:
        time.sleep(0.01)
    assert its(hasty, "events") == []  # what is late writes nothing
    with pytest.raises(Exception, match="closed database"):
        connection.execute("SELECT 1")


@pytest.mark.parametrize(
    ("code", "parameters", "message"),
    [
        ("def f(b): pass", INTEGER, "does not fit the parameters: missing a required argument"),
        ("def f(): pass", INTEGER, "does not fit the parameters: got an unexpected keyword"),
        ("def f(a): pass", {"a": {"type": "string", "required": False}}, "missing a required"),
        ("g = 3", INTEGER, "tools.py has no `f`"),
        ("f = 3", INTEGER, "`f` in tools.py is not a function"),
        ("1 / 0", INTEGER, "cannot be loaded: ZeroDivisionError: division by zero at tools.py:1"),
        ("def f(", INTEGER, "cannot be loaded: SyntaxError"),
    ],
)
def test_function_that_cannot_be_used(
    build: Build, code: str, parameters: dict[str, Any], message: str
) -> None:
    declared = {"name": "f", "parameters": parameters, "python": "tools.py:f"}
    with pytest.raises(PlanFault) as caught:
        build([declared], {"tools.py": code})
    assert caught.value.path == "environment.tools.0.python"
    assert message in caught.value.message


def test_declared_argument_named_episode_wins(build: Build) -> None:
    declared = {
        "name": "f",
        "parameters": {"episode": {"type": "integer"}},
        "python": "tools.py:f",
    }
    world = build([declared], {"tools.py": "def f(episode): return episode + 1"})
    assert world.call("f", {"episode": 4}).text == "5"
