"""Faults on purpose, and the attempts that are made against them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import pytest

from mrlc.runtime.environment import Environment, pool
from mrlc.runtime.environment.chaos import Chaos, Fault
from mrlc.runtime.environment.retry import Retry
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.runtime.rollout.trajectory import ToolCall

from .conftest import TASK, World, experiment

CODE = """
left = {}

async def flaky(a):
    left[a] = left.get(a, int(a)) - 1
    if left[a] >= 0:
        raise OSError("try again")
    return "here"

def act(a, episode):
    episode.memory["acts"] = episode.memory.get("acts", 0) + 1
    raise OSError("perhaps it acted: " + str(episode.memory["acts"]))

def plain(a): return "here"
"""
TABLE = {"name": "table", "parameters": {"a": {"type": "string"}},
         "replay": {"table": "rows.csv", "match": {"a": "a"}, "returns": ["b"]}}  # fmt: skip
TOOLS: list[dict[str, Any]] = [
    {"name": name, "parameters": {"a": {"type": "string"}}, "python": f"tools.py:{name}"}
    for name in ("flaky", "act", "plain")
]


def world(tmp_path: Any, *, chaos: float = 0.0, **rollout: Any) -> World:
    (tmp_path / "tools.py").write_text(CODE)
    (tmp_path / "rows.csv").write_text("a,b\n1,one\n")
    spec = experiment({"tools": [*TOOLS, TABLE]}, timeout_s=0.05)
    more = spec.rollout.model_copy(update={"retry_backoff_s": 0.001, **rollout})
    spec = spec.model_copy(update={"rollout": more})
    return World(Environment.load(spec, tmp_path, chaos=chaos))


def outcomes(made: World, tool: str, *, seeds: range) -> list[str]:
    """What became of one call in each of many episodes, all at once."""

    async def one(seed: int) -> str:
        try:
            async with made.environment.open(TASK, seed=seed) as episode:
                return (await episode.call(ToolCall(tool, {"a": "1"}))).text[:20]
        except EnvironmentBroken as broken:
            return str(broken)

    async def run() -> list[str]:
        return await asyncio.gather(*map(one, seeds))

    return asyncio.run(run())


@pytest.mark.parametrize(("failures", "said"), [("2", "here"), ("3", None)])
def test_a_call_is_made_again_as_often_as_the_spec_says(
    tmp_path: Any, failures: str, said: str | None
) -> None:
    made = world(tmp_path, retries=2)
    if said is not None:
        assert made.call("flaky", {"a": failures}).text == said
    else:
        with pytest.raises(EnvironmentBroken, match="OSError"):
            made.call("flaky", {"a": failures})


def test_a_call_that_may_have_acted_is_never_made_again(tmp_path: Any) -> None:
    made = world(tmp_path, retries=8)

    async def run() -> int:
        async with made.environment.open(TASK, seed=1) as episode:
            with pytest.raises(EnvironmentBroken):
                await episode.call(ToolCall("act", {"a": "x"}))
            return int(episode._scope.memory["acts"])

    assert asyncio.run(run()) == 1


def test_waits_double_and_are_drawn_from_their_upper_half() -> None:
    for _ in range(20):
        waits = list(Retry(4, 0.5).waits())
        assert all(
            high / 2 <= wait <= high for wait, high in zip(waits, (0.5, 1, 2, 4), strict=True)
        )


def test_the_stream_is_the_episode_s_own_and_holds_its_share() -> None:
    def struck(seed: int) -> list[Fault | None]:
        chaos = Chaos(0.2, seed=seed)
        chaos.refuses_to_open()
        return [chaos.strike() for _ in range(20)]

    assert struck(3) == struck(3) != struck(4)
    counts = Counter(fault for seed in range(500) for fault in struck(seed))
    assert abs(1 - counts[None] / 10_000 - 0.2) < 0.02
    assert min(counts[fault] for fault in Fault) > 500


def test_an_instant_tool_hangs_crashes_and_lies_too(tmp_path: Any) -> None:
    made = world(tmp_path, chaos=0.6)
    started = time.monotonic()
    found = outcomes(made, "table", seeds=range(300))
    assert time.monotonic() - started < 10  # hanging calls hang together, for 0.05 s
    assert outcomes(made, "table", seeds=range(300)) == found  # by the episodes' seeds
    causes = Counter(found)
    for said in ("table: took longer than 0.05 s", "table: InjectedCrash", "table: returned what is not JSON",
                 "environment: InjectedCrash", '{"b": "one"}', "lorem ipsum lorem ip"):  # fmt: skip
        assert causes[said] > 5, said


def test_a_process_is_really_killed_and_replaced(tmp_path: Any) -> None:
    made = world(tmp_path, chaos=0.6)
    try:
        causes = Counter(outcomes(made, "plain", seeds=range(24)))
    finally:
        pool.close()
    assert {one for one in causes if "plain" in one} == {
        "plain: took longer than 0.05 s",
        "plain: its process was ended by SIGSEGV",
        "plain: returned what is not JSON",
    }
    assert causes["here"] > 3


def test_retries_outlive_chaos(tmp_path: Any) -> None:
    found = outcomes(world(tmp_path, chaos=0.3, retries=8), "table", seeds=range(100))
    assert not [one for one in found if one.startswith("table:")]


def test_an_environment_that_cannot_be_opened_is_broken(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or absent disk is no reason to end a run of days."""
    from mrlc.runtime.environment import workspace

    spec = experiment({"tools": [], "state": {"files": {"folder": "empty"}}})
    made = Environment.load(spec, tmp_path)
    monkeypatch.setattr(workspace.tempfile, "gettempdir", lambda: str(tmp_path / "absent"))
    workspace._workspace.cache_clear()

    async def run() -> None:
        async with made.open(TASK, seed=1):
            pass

    with pytest.raises(EnvironmentBroken, match="environment: FileNotFoundError"):
        asyncio.run(run())
    monkeypatch.undo()
    workspace._workspace.cache_clear()
