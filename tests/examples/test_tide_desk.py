"""The tide desk: three look-ups that build on one another, none of which can be guessed."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mrlc.cli import main
from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.gates.world import World
from mrlc.runtime.rollout.trajectory import ToolCall, ToolResult
from mrlc.runtime.setup import load_plan
from tests.generated import generated

EXAMPLE = Path(__file__).parents[2] / "examples" / "tide-desk"
FOLDER = EXAMPLE / "specs" / "tide-desk"
SPEC = EXAMPLE / "specs" / "tide-desk.yaml"
SPLITS = {"train": 600, "validation": 60, "test": 140}
SCRIPTED = "E1,E2,R5,golden"

Given = tuple[str, dict[str, Any]]

# The first training task: ship R520 at Ostrand.
CALL: Given = ("find_call", {"port": "Ostrand", "ship": "R520"})
KEEL: Given = ("keel", {"draught": 75, "cargo": "grain"})
TIDE: Given = ("tide", {"port": "Ostrand", "berth": 75, "depth": 84})


def tasks(split: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"data/{split}.jsonl").open(encoding="utf-8")]


def table(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"fixtures/{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = write_plan(compile_spec(SPEC), tmp_path_factory.mktemp("build"))
    return World.load(load_plan(folder).experiment, folder / "inputs")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example as a user has it who copied it somewhere, where no repository is."""
    ignored = shutil.ignore_patterns("build", "runs", "gates")
    shutil.copytree(EXAMPLE, tmp_path / "mine", ignore=ignored)
    monkeypatch.chdir(tmp_path / "mine")
    return tmp_path / "mine"


def results(world: World, *calls: Given) -> list[ToolResult]:
    """What the tools say in one episode of the first training task."""

    async def run() -> list[ToolResult]:
        async with world.environment.open(world.tasks["train"][0], seed=1) as episode:
            return [await episode.call(ToolCall(*call)) for call in calls]

    return asyncio.run(run())


def test_the_committed_files_are_the_generators(tmp_path: Path) -> None:
    made = generated(EXAMPLE / "generate.py", tmp_path)
    assert made == {name: (FOLDER / name).read_bytes() for name in made}
    assert len(made) == 7


def test_it_compiles_without_a_warning() -> None:
    compiled = compile_spec(SPEC)
    assert compiled.warnings == ()
    assert compiled.tasks == SPLITS


def test_splits_share_no_ship_and_no_berth() -> None:
    berths = {(row["port"], row["ship"]): row["berth"] for row in table("calls")}
    seen: Counter[tuple[str, str]] = Counter()
    for split, size in SPLITS.items():
        rows = tasks(split)
        ships = Counter(row["ship"] for row in rows)
        assert (len(rows), set(ships.values())) == (size, {2})
        seen.update(("ship", ship) for ship in ships)
        seen.update((row["port"], berths[row["port"], row["ship"]]) for row in rows)
    assert set(seen.values()) == {1}


@pytest.mark.parametrize(
    ("name", "keys", "result"),
    [
        ("calls", ("port", "ship"), ("berth", "draught", "cargo")),
        ("tides", ("port", "berth", "depth"), ("hour", "tide")),
    ],
)
def test_every_key_counts(name: str, keys: tuple[str, ...], result: tuple[str, ...]) -> None:
    """Together the keys name one row; without any one of them, many rows are one of several."""
    rows = table(name)
    assert len({tuple(row[key] for key in keys) for row in rows}) == len(rows)
    for left_out in keys:
        others = [key for key in keys if key != left_out]
        found: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for row in rows:
            known = tuple(row[key] for key in others)
            found.setdefault(known, []).append(tuple(row[key] for key in result))
        ambiguous = sum(len(one) for one in found.values() if len(set(one)) > 1)
        assert ambiguous > len(rows) / 4, left_out


@pytest.mark.parametrize(
    ("calls", "text", "is_error"),
    [
        ([CALL], '{"berth": 75, "draught": 75, "cargo": "grain"}', False),
        ([("find_call", {"port": "Tangen", "ship": "R520"})], "no call announced", True),
        ([KEEL], "`draught` has not come up", True),
        ([CALL, KEEL], '{"depth": 84}', False),
        ([CALL, ("keel", {"draught": 75, "cargo": "oil"})], "`cargo` has not come up", True),
        ([CALL, TIDE], "not the depth of keel", True),
        ([CALL, KEEL, TIDE], '{"hour": 15, "tide": "rising"}', False),
        ([CALL, KEEL, ("tide", TIDE[1] | {"depth": 79})], "not the depth of keel", True),
        ([CALL, KEEL, ("tide", TIDE[1] | {"berth": 76})], "`berth` has not come up", True),
        ([CALL, KEEL, ("tide", TIDE[1] | {"port": "Tangen"})], "`port` has not come up", True),
    ],
)
def test_tools_answer_what_was_looked_up(
    world: World, calls: list[Given], text: str, *, is_error: bool
) -> None:
    *_, last = results(world, *calls)
    assert text in last.text
    assert last.is_error is is_error


def test_demonstrations_are_what_the_tools_say_and_mostly_wrong(world: World) -> None:
    expected = {task["id"]: task["expected"] for task in tasks("train")}
    by_id = {task.id: task for task in world.tasks["train"]}
    logs = tasks("demonstrations")
    right = sum(answered(log) == expected[log["task"]] for log in logs)
    assert 0.25 < right / len(logs) < 0.35

    async def replayed(log: dict[str, Any]) -> list[str]:
        called = [
            one["tool_calls"][0]["function"] for one in log["messages"] if "tool_calls" in one
        ]
        async with world.environment.open(by_id[log["task"]], seed=1) as episode:
            calls = [ToolCall(one["name"], one["arguments"]) for one in called]
            return [(await episode.call(call)).text for call in calls]

    for log in logs[:200]:
        said = [one["content"] for one in log["messages"] if one["role"] == "tool"]
        assert asyncio.run(replayed(log)) == said


def answered(log: dict[str, Any]) -> Any:
    said = log["messages"][-1]["content"]
    return json.loads(said.removeprefix("<final_output>").removesuffix("</final_output>"))


def test_another_type_than_ships_is_an_error(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = copied / "specs" / "tide-desk.yaml"
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text.replace("draught: {type: integer, m", "draught: {type: number, m"))
    assert main(["check"]) == 1
    assert "MRLC520" in capsys.readouterr().err


def test_scripted_gates_pass_wherever_it_is_copied(copied: Path) -> None:
    assert main(["compile"]) == 0
    assert main(["gate", "--only", SCRIPTED]) == 0
    found = json.loads((copied / "gates/tide-desk.json").read_text())["gates"]
    assert {code: one["verdict"] for code, one in found.items()} == dict.fromkeys(
        SCRIPTED.split(","), "pass"
    )
    assert found["golden"]["numbers"] == {"tasks": 800, "solved": 800, "turns": 4}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_gates_pass(copied: Path) -> None:
    assert main(["compile"]) == 0
    assert main(["gate"]) == 0
