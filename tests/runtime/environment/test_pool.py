"""Blocking functions in processes of their own: what is killed, what is told, what remains."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mrlc.runtime.environment import pool
from mrlc.runtime.environment.workspace import new_folder, remove
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.runtime.gates.leaks import counted
from mrlc.runtime.rollout.trajectory import ToolCall

from .conftest import TASK, Build, World

CODE = """
import ctypes, os, subprocess, tempfile, threading, time
from mrlc.runtime.environment import ToolError

loaded = open(os.environ["LOADS"], "a").write("x")

def who(a): return os.getpid()
def nap(a):
    time.sleep(a)
    return os.getpid()
def hang(a):
    tempfile.mkdtemp()
    child = subprocess.Popen(["sleep", "1000"])
    open(a, "w").write(f"{os.getpid()} {child.pid}")
    time.sleep(1000)
def spin(a):
    open(a, "w").write(str(os.getpid()))
    while True: pass
def leave(a): os._exit(3)
def segfault(a): ctypes.string_at(0)
def odd(a): return {1, 2}
def long(a): return "x" * 5_000_000
def half(a): return "\\udc00"
def told(a): return {"z": 1, "a": [1.5, None, "é"], "2": {}}
def refuse(a): raise ToolError({"why": "closed"})
"""
NAMES = "who nap hang spin leave segfault odd long half told refuse"
KINDS = {"nap": "number", "hang": "string", "spin": "string"}


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file with a letter for each process that ran the user's."""
    file = tmp_path_factory.mktemp("loads") / "loads"
    os.environ["LOADS"] = str(file)
    yield file
    del os.environ["LOADS"]
    pool.close()


@pytest.fixture(scope="module")
def world(build: Build, loads: Path) -> World:
    tools = [
        {
            "name": name,
            "parameters": {"a": {"type": KINDS.get(name, "integer")}},
            "python": f"tools.py:{name}",
        }
        for name in NAMES.split()
    ]
    return build(tools, {"tools.py": CODE}, timeout_s=0.5)


def together(world: World, *calls: tuple[str, Any]) -> list[Any]:
    """Results of calls at the same time, each in an episode of its own; or why there is none."""

    async def one(name: str, argument: Any) -> Any:
        async with world.environment.open(TASK, seed=1) as episode:
            return (await episode.call(ToolCall(name, {"a": argument}))).text

    async def run() -> list[Any]:
        return await asyncio.gather(*(one(*call) for call in calls), return_exceptions=True)

    return [str(one) for one in asyncio.run(run())]


def gone(process: int) -> bool:
    """Whether a process ends within a moment; a zombie has ended."""
    for _ in range(100):
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_a_function_runs_elsewhere_and_its_file_is_run_once_a_process(
    world: World, loads: Path
) -> None:
    pool.close()
    before = len(loads.read_text())
    seen = {together(world, ("who", 1))[0] for _ in range(3)}
    assert len(seen) == 1
    assert seen != {str(os.getpid())}
    assert len(loads.read_text()) == before + 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("leave", "leave: its process ended with exit code 3"),
        ("segfault", "segfault: its process was ended by SIGSEGV"),
        ("odd", "odd: returned what is not JSON"),
        ("long", "long: returned more than 4,000,000 characters"),
        ("half", "?"),
        ("told", '{"z": 1, "a": [1.5, null, "é"], "2": {}}'),
        ("refuse", "{\"error\": \"{'why': 'closed'}\"}"),
    ],
)
def test_what_becomes_of_a_call(world: World, name: str, said: str) -> None:
    assert together(world, (name, 1)) == [said]
    assert together(world, ("who", 1))[0].isdecimal()  # and the next one is answered


@pytest.mark.parametrize("name", ["hang", "spin"])
def test_a_late_call_is_killed_with_all_that_it_started(
    world: World, name: str, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    assert together(world, (name, str(pids))) == [f"{name}: took longer than 0.5 s"]
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_a_cancelled_call_is_killed(world: World, tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def run() -> None:
        async with world.environment.open(TASK, seed=1) as episode:
            call = asyncio.create_task(episode.call(ToolCall("hang", {"a": str(pids)})))
            while not pids.exists() or not pids.read_text():
                await asyncio.sleep(0.01)
            call.cancel()
            await asyncio.wait([call])

    asyncio.run(run())
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_calls_share_workers_and_the_neighbours_of_a_late_one_finish(world: World) -> None:
    started = time.monotonic()
    said = together(world, *[("nap", 0.3)] * 40, ("nap", 60))
    assert said[-1] == "nap: took longer than 0.5 s"
    assert all(one.isdecimal() for one in said[:-1])
    assert len(set(said)) <= pool.places() + 1
    assert time.monotonic() - started < 8  # 12 s one by one


def test_a_call_that_waits_for_a_place_is_not_late(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "CALLS", 1)
    own = pool.Pool(1)
    monkeypatch.setattr(pool, "_shared", lambda: own)
    try:
        assert len(set(together(world, *[("nap", 0.2)] * 5))) == 1
    finally:
        own.close()


def test_nothing_remains(world: World, tmp_path: Path) -> None:
    remove(new_folder())  # the workspace of this process stays
    pool.close()
    with counted() as leaks:
        together(world, ("hang", str(tmp_path / "a")), ("leave", 1), *[("nap", 0.1)] * 8)
        pool.close()
    assert leaks.found == {}
    assert not [one for one in threading.enumerate() if one.name == "mrlc-worker"]


def test_what_an_episode_needs_stays_here(build: Build) -> None:
    code = "import os\ndef f(a, episode): return os.getpid()\nasync def g(a): return os.getpid()"
    tools = [
        {"name": name, "parameters": {"a": {"type": "integer"}}, "python": f"tools.py:{name}"}
        for name in "fg"
    ]
    world = build(tools, {"tools.py": code})
    assert {one.text for one in world.calls(("f", {"a": 1}), ("g", {"a": 1}))} == {str(os.getpid())}


def test_an_environment_without_workers_breaks_alike(world: World, build: Build) -> None:
    with pytest.raises(EnvironmentBroken, match="odd: returned what is not JSON"):
        world.call("odd", {"a": 1})
