from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.rollout.trajectory import ToolCall

from .conftest import TASK, Build, World

FILES = {
    "bikes.csv": "bike,job,n\n7,J1,40\n8,J12,41\n",
    "jobs.csv": "job,state\nJ1,done\nJ12,open\nJ9,lost\n",
    "tools.py": """
        import asyncio
        async def slow(): await asyncio.sleep(0.02); return {"job": "J9"}
        def echo(): return "ask for J12, please"
    """,
    "log.sql": "CREATE TABLE log (job TEXT);",
}
FIND = {
    "name": "find",
    "parameters": {"bike": {"type": "string"}},
    "replay": {
        "table": "bikes.csv",
        "match": {"bike": "bike"},
        "missing_is_error": True,
        "types": {"n": "integer"},
    },
}
JOB = {
    "name": "job",
    "parameters": {"job": {"type": "string"}},
    "replay": {"table": "jobs.csv", "match": {"job": "job"}},
}
SLOW, ECHO = ({"name": name, "python": f"tools.py:{name}"} for name in ("slow", "echo"))
UNSHOWN = '{"error": "`job` has not come up: use a value from a result"}'
DONE = '{"state": "done"}'


def world(build: Build, **job: Any) -> World:
    return build(
        [FIND, {**JOB, **job}, SLOW, ECHO], FILES, prompt="Is bike 7 done? {{ task.question }}"
    )


@pytest.mark.parametrize(
    ("before", "job", "is_shown"),
    [
        ([], "J1", False),
        ([("find", {"bike": "7"})], "J1", True),
        ([("find", {"bike": "8"})], "J1", False),  # J12 does not show J1
        ([("find", {"bike": "x"})], "J1", False),
        ([("job", {"job": "J1"})], "J1", False),  # a refused call shows nothing
        ([("echo", {})], "J12", True),  # a word of a text
        ([("nothing", {})], "J12", False),
        ([], "7", True),  # a word of the opening message
        ([("find", {"bike": "7"})], "40", True),  # a number spelled
        ([], "", False),
        ([], "x" * 1_000_000, False),
        ([("find", {"bike": "7"})], "J1\ud800", False),
    ],
)
def test_grounded(build: Build, before: list[tuple[str, Any]], job: str, is_shown: bool) -> None:
    *_, result = world(build, grounded=["job"]).calls(*before, ("job", {"job": job}))
    assert (result.text != UNSHOWN) == is_shown
    assert result.is_error == (not is_shown)


def test_grounded_as_the_key_is_normalised(build: Build) -> None:
    replay = {**JOB["replay"], "normalise": ["trim", "casefold"]}
    found = world(build, grounded=["job"], replay=replay).calls(
        ("find", {"bike": "7"}), ("job", {"job": " j1"})
    )
    assert found[1].text == DONE


def test_ungrounded_says_what_is_declared(build: Build) -> None:
    result = world(build, grounded=["job"], ungrounded={"why": ["{argument}?"]}).call(
        "job", {"job": "J1"}
    )
    assert (result.text, result.is_error) == ('{"why": ["job?"]}', True)


@pytest.mark.parametrize(
    ("unless", "before", "holds"),
    [
        ("called('find')", [], False),
        ("called('find')", [("find", {"bike": "7"})], True),
        ("called('find')", [("find", {"bike": "?"})], False),  # an error is no answer
        ("called('find')", [("find", {})], False),
        ("called()", [("echo", {})], True),
        ("calls('find') >= 2", [("find", {"bike": "7"})] * 2, True),
        ("last('find').job == job", [("find", {"bike": "7"})], True),
        ("last('find').job == job", [("find", {"bike": "7"}), ("find", {"bike": "8"})], False),
        ("last('find').n > 40", [], False),  # no value: it does not hold
        ("shown(job)", [("slow", {})], False),
        ("task.items == ['pen'] and job != task.question", [], True),
        ("args.job == 'J1'", [], True),
        ("1 / 0", [], False),
    ],
)
def test_guard(build: Build, unless: str, before: list[Any], holds: bool) -> None:
    guards = [{"unless": unless, "reply": {"error": "not yet"}}]
    *_, result = world(build, guards=guards).calls(*before, ("job", {"job": "J1"}))
    assert result.text == (DONE if holds else '{"error": "not yet"}')
    assert result.is_error != holds


def test_first_guard_that_fails_answers_in_its_own_way(build: Build) -> None:
    guards = [
        {"unless": "true", "reply": 1},
        {"unless": "false", "reply": {"eligible": False}, "is_error": False},
        {"unless": "false", "reply": 3},
    ]
    tools = [{**JOB, "guards": guards, "ends_episode": True}]

    async def run() -> tuple[str, bool, bool]:
        async with build(tools, FILES).environment.open(TASK, seed=1) as episode:
            result = await episode.call(ToolCall("job", {"job": "J1"}))
            return result.text, result.is_error, episode.is_done

    assert asyncio.run(run()) == ('{"eligible": false}', False, False)


def test_guarded_tool_of_another_kind_does_nothing(build: Build) -> None:
    sql = {"state": "log", "write": "INSERT INTO log VALUES (:job)"}
    once = [{"unless": "not called('note')", "reply": {"error": "once"}}]
    note = {**JOB, "name": "note", "replay": None, "sql": sql, "guards": once}
    read = {"name": "read", "sql": {"state": "log", "read": "SELECT * FROM log"}}
    found = build([note, read], FILES, state={"log": {"sqlite": "log.sql"}}).calls(
        ("note", {"job": "a"}), ("note", {"job": "b"}), ("read", {})
    )
    assert [one.text for one in found] == ['{"rows": 1}', '{"error": "once"}', '[{"job": "a"}]']


def test_calls_of_one_turn_count_in_their_order(build: Build) -> None:
    guards = [{"unless": "last('slow').job == job", "reply": "no"}]
    environment = world(build, guards=guards).environment

    async def together(*calls: ToolCall) -> list[str]:
        async with environment.open(TASK, seed=1) as episode:
            return [one.text for one in await asyncio.gather(*map(episode.call, calls))]

    slow, job = ToolCall("slow", {}), ToolCall("job", {"job": "J9"})
    assert asyncio.run(together(slow, job)) == ['{"job": "J9"}', '{"state": "lost"}']
    assert asyncio.run(together(job, slow)) == ["no", '{"job": "J9"}']


def test_formula_that_cannot_be_read(build: Build) -> None:
    with pytest.raises(PlanFault, match="powers") as caught:
        build([{**JOB, "guards": [{"unless": "2 ** 2", "reply": 1}]}], FILES)
    assert caught.value.path == "environment.tools.0.guards.0.unless"


REQUEST = {
    "name": "get",
    "parameters": {"job": {"type": "string"}},
    "volatile": ["id", "at", "took"],
    "replay": {"table": "r.jsonl", "match": {"job": "job"}, "many": True},
}
ROWS = {
    "r.jsonl": '{"job": "J1", "id": "r-99", "at": null, "took": 0.25, "n": 1}\n'
    '{"job": "J1", "id": "r-98", "at": 7, "took": 3, "n": 2}\n'
}


def test_volatile_fields_have_placeholders_of_their_type(build: Build) -> None:
    once, again = (
        build([REQUEST], ROWS).calls(*[("get", {"job": "J1"})] * 2, seed=3) for _ in range(2)
    )
    assert [one.text for one in once] == [one.text for one in again]
    first, second = (json.loads(one.text) for one in once)
    assert [row["n"] for row in first] == [1, 2]
    assert first[0]["at"] is None
    assert [type(first[i][name]) for i, name in ((0, "id"), (1, "at"), (0, "took"))] == [
        str,
        int,
        float,
    ]
    ids = [row["id"] for row in first + second]
    assert len(set(ids)) == 4, "each call and row has its own"
    assert not {"r-99", "r-98"} & set(ids)
    (other,) = build([REQUEST], ROWS).calls(("get", {"job": "J1"}), seed=4)
    assert other.text != once[0].text


def test_volatile_leaves_other_results_alone(build: Build) -> None:
    found = build([{**REQUEST, "replay": {**REQUEST["replay"], "missing": "none"}}], ROWS)
    assert found.call("get", {"job": "x"}).text == "none"
