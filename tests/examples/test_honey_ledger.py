"""The honey ledger: code of the model runs, is paid for what it gives, and stays where it is."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mrlc.cli import main
from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.environment.back_ends import execute
from mrlc.runtime.gates.leaks import counted
from mrlc.runtime.gates.world import World
from mrlc.runtime.rollout.trajectory import ToolCall, ToolResult
from mrlc.runtime.setup import load_plan
from tests.generated import generated
from tests.runtime.sandbox.attacks import ARITHMETIC, PYTHON

EXAMPLE = Path(__file__).parents[2] / "examples" / "honey-ledger"
FOLDER = EXAMPLE / "specs" / "honey-ledger"
SPEC = EXAMPLE / "specs" / "honey-ledger.yaml"
SPLITS = {"train": 480, "validation": 80, "test": 160}
SCRIPTED = "E1,E2,R5,golden"


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"data/{name}.jsonl").open(encoding="utf-8")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = write_plan(compile_spec(SPEC), tmp_path_factory.mktemp("build"))
    return World.load(load_plan(folder).experiment, folder / "inputs")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example as a user has it who copied it somewhere, compiled."""
    ignored = shutil.ignore_patterns("build", "runs", "gates")
    shutil.copytree(EXAMPLE, tmp_path / "mine", ignore=ignored)
    monkeypatch.chdir(tmp_path / "mine")
    assert main(["compile"]) == 0
    return tmp_path / "mine"


def test_the_committed_files_are_the_generators(tmp_path: Path) -> None:
    made = generated(FOLDER / "generate.py", tmp_path)
    assert made == {name: (FOLDER / name).read_bytes() for name in made}
    assert len(made) == 5


def test_it_compiles_without_a_warning() -> None:
    compiled = compile_spec(SPEC)
    assert compiled.warnings == ()
    assert compiled.tasks == SPLITS


def test_splits_share_no_delivery_and_questions_tell_no_answer() -> None:
    tasks = [task for split in SPLITS for task in rows(split)]
    numbers = [task["delivery"] for task in tasks]
    assert len(set(numbers)) == len(numbers) == sum(SPLITS.values())
    assert {"".join(filter(str.isdigit, task["question"])) for task in tasks} == {
        str(number) for number in numbers
    }


def test_demonstrations_are_mostly_wrong_and_now_and_then_miswritten() -> None:
    expected = {task["id"]: task["expected"] for task in rows("train")}
    settled = rows("demonstrations")
    right = sum(answered(one) == expected[one["task"]] for one in settled)
    miswritten = sum("error" in json.dumps(one["messages"]) for one in settled)
    assert 0.2 < right / len(settled) < 0.4
    assert 0.05 < miswritten / len(settled) < 0.15


def answered(settlement: dict[str, Any]) -> Any:
    said = settlement["messages"][-1]["content"]
    return json.loads(said.removeprefix("<final_output>").removesuffix("</final_output>"))


def test_demonstrated_code_gives_what_the_logs_say(world: World) -> None:
    """The warm start would else teach to expect what no tool says."""
    for settlement in rows("demonstrations")[:150]:
        messages = settlement["messages"]
        called = [one["tool_calls"][0]["function"] for one in messages if "tool_calls" in one]
        logged = [one["content"] for one in messages if one["role"] == "tool"]
        calls = [(one["name"], one["arguments"]["code"]) for one in called]
        assert [result.text for result in results(world, calls)] == logged


def results(world: World, calls: list[tuple[str, str]]) -> list[ToolResult]:
    """What the tools answer to pieces of code in one episode."""

    async def run() -> list[ToolResult]:
        async with world.environment.open(world.tasks["train"][0], seed=1) as episode:
            return [await episode.call(ToolCall(tool, {"code": code})) for tool, code in calls]

    return asyncio.run(run())


SUM = "SELECT count(*) AS n, sum(dawn + noon + dusk + price + levy) AS total FROM deliveries"
HOSTILE_SQL = [
    "DELETE FROM deliveries", "UPDATE deliveries SET levy = 0", "DROP TABLE deliveries", "DROP TRIGGER no_new",
    "INSERT INTO deliveries VALUES (1, 1, 1, 1, 1, 1)", "REPLACE INTO deliveries SELECT * FROM deliveries",
    "ATTACH '/tmp/mrlc-honey' AS x", "VACUUM INTO '/tmp/mrlc-honey'", "PRAGMA writable_schema = 1", "BEGIN",
    "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')", "SELECT 1; DELETE FROM deliveries",
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c",
    "SELECT * FROM deliveries", "SELECT datetime('now')", "SELEC", "\0", "\ud800",
]  # fmt: skip


def test_hostile_code_is_text_for_the_model(world: World) -> None:
    """The whole attack set through the episode's tools: nothing gets in, out, or is left behind."""
    hostile = [("query", code) for code in HOSTILE_SQL]
    hostile += [("python", attack.code) for attack in PYTHON]
    hostile += [("calc", code) for code in ARITHMETIC]
    (untouched,) = results(world, [("query", SUM)])
    execute.close()  # workers are kept for all episodes; those of others are not ours to count
    with counted() as left:
        *told, after = results(world, [*hostile, ("query", SUM)])
        execute.close()
    for (tool, code), result in zip(hostile, told, strict=True):
        assert "GOT IN" not in result.text, code
        assert len(result.text) < 4000, code
        assert result.is_error or tool != "query", code
    assert after.text == untouched.text
    assert left.found == {}
    assert not Path("/tmp/mrlc-honey").exists()


def test_scripted_gates_pass_wherever_it_is_copied(copied: Path) -> None:
    assert main(["gate", "--only", SCRIPTED]) == 0
    found = json.loads((copied / "gates/honey-ledger.json").read_text())["gates"]
    assert {code: one["verdict"] for code, one in found.items()} == dict.fromkeys(
        SCRIPTED.split(","), "pass"
    )
    assert found["golden"]["numbers"] == {"tasks": 720, "solved": 720, "turns": 4}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_gates_pass(copied: Path) -> None:
    assert main(["gate"]) == 0
