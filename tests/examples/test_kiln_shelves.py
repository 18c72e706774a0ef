"""examples/kiln-shelves: a copy of it stands alone, and earns its gates."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from mrlc.cli import main
from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.gates.players import Scripted
from mrlc.runtime.gates.world import World
from mrlc.runtime.model.chat import ParsedTurn
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.setup import load_plan
from tests.generated import generated

EXAMPLE = Path(__file__).parents[2] / "examples" / "kiln-shelves"
DATA = EXAMPLE / "specs" / "kiln-shelves"
SCRIPTED = "E1,E2,R5,golden"
SPLITS = {"train": 500, "validation": 60, "test": 100}


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project as a user has it: copied, and nothing around it."""
    made = tmp_path / "kiln-shelves"
    ours = shutil.ignore_patterns("build", "runs", "gates", "__pycache__")
    shutil.copytree(EXAMPLE, made, ignore=ours)
    monkeypatch.chdir(made)
    return made


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / f"data/{name}.jsonl").open(encoding="utf-8")]


def test_the_committed_files_are_the_generators(tmp_path: Path) -> None:
    made = generated(EXAMPLE / "generate.py", tmp_path)
    committed = {path.relative_to(DATA): path.read_bytes() for path in DATA.rglob("*.*")}
    assert made == committed


def test_it_compiles_without_a_warning() -> None:
    compiled = compile_spec(EXAMPLE / "specs" / "kiln-shelves.yaml")
    assert (compiled.tasks, compiled.warnings) == (SPLITS, ())


def test_splits_share_no_course_and_no_piece() -> None:
    seen: set[str] = set()
    for split in SPLITS:
        names = {row[key] for row in rows(split) for key in ("piece", "course")}
        assert not seen & names
        seen |= names


def test_logs_mostly_skip_the_look() -> None:
    logs = rows("demonstrations")
    first = [log["messages"][0]["tool_calls"][0]["function"]["name"] for log in logs]
    assert 0.6 < first.count("find_shelf") / len(first) < 0.8


@pytest.mark.usefixtures("copy")
def test_a_copy_earns_its_scripted_gates(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile"]) == 0
    assert main(["gate", "--only", SCRIPTED]) == 0
    shown = capsys.readouterr().out
    assert "kiln-shelves: 4 pass" in shown
    assert "all 660 tasks are solved, in 4 turns at most" in shown


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    compiled = compile_spec(EXAMPLE / "specs" / "kiln-shelves.yaml")
    folder = write_plan(compiled, tmp_path_factory.mktemp("build"))
    return World.load(load_plan(folder).experiment, folder / "inputs")


LOOK = {"look_at": {"piece": "{piece}"}}
FIND = {"find_shelf": {"course": "{course}", "kind": "{kind}"}}
PUT = {"put_away": {"piece": "{piece}", "shelf": "{shelf}"}}
SIGN = {"sign_off": {"piece": "{piece}"}}
WRONG = {"find_shelf": {"course": "{course}", "kind": "{wrong_kind}"}}
AMISS = {"put_away": {"piece": "{piece}", "shelf": "{wrong_shelf}"}}
FILL = {"put_away": {"piece": "{piece}", "shelf": "{full_shelf}"}}

EPISODES: dict[str, tuple[list[dict[str, Any]], float, float]] = {
    "as it should be": ([LOOK, FIND, PUT, SIGN], 1, 1),
    "a lucky guess counts by what came of it": ([FIND, PUT, SIGN], 1, 1),
    "nothing is done": ([], 0, 0),
    "looked, found and left it": ([LOOK, FIND], 0, 0),
    "signed off on the table: refused": ([LOOK, SIGN], 0, 0),
    "never signed off": ([LOOK, FIND, PUT], 0.9, 0),
    "the wrong kiln": ([WRONG, AMISS, SIGN], 0.7 / 3, 0),
    "the wrong kiln, and no way back": ([WRONG, AMISS, FIND, PUT, SIGN], 0.7 / 3, 0),
    "a shelf made up: refused": ([LOOK, PUT, SIGN], 0, 0),
    "a full shelf: refused, and nothing lost": ([LOOK, FIND, FILL, PUT, SIGN], 1, 1),
    "a full shelf cleared": (
        [FIND, {"clear_shelf": {"shelf": "{full_shelf}"}}, FILL, SIGN], 0.7 * 2 / 3, 0),
    "another shelf cleared besides": (
        [FIND, {"clear_shelf": {"shelf": "{full_shelf}"}}, PUT, SIGN], 0.8, 0),
    "another shelf locked": ([FIND, PUT, {"lock_shelf": {"shelf": "{wrong_shelf}"}}, SIGN], 0.8, 0),
    "the piece scrapped": ([FIND, PUT, {"scrap": {"piece": "{piece}"}}, SIGN], 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", EPISODES)
def test_what_an_episode_earns_is_what_it_did(world: World, name: str) -> None:
    steps, reward, evaluation = EPISODES[name]
    shown = {tool for step in steps for tool in step} & {"lock_shelf", "scrap"}
    task = next(
        one for one in world.tasks["train"] if shown <= set(world.environment.shown(one, 0))
    )
    turns = [played(step, names_of(task.row)) for step in steps]
    (episode,) = world.play([(task, Scripted(turns))])
    paid = world.reward.score(episode)
    assert paid is not None
    assert paid.total == pytest.approx(reward)
    assert world.scorer.score(episode) == evaluation


def played(step: dict[str, Any], names: dict[str, str]) -> ParsedTurn:
    """A turn with the names of a task filled in."""
    calls = (
        ToolCall(tool, {key: text.format(**names) for key, text in given.items()})
        for tool, given in step.items()
    )
    return ParsedTurn("", tuple(calls))


def names_of(task: dict[str, Any]) -> dict[str, str]:
    """The shelves that the database has for a task, right ones and wrong ones."""
    place = task["place"]
    wrong = "rack" if place["kind"] != "rack" else "glaze"
    text = (DATA / "fixtures/studio.sql").read_text(encoding="utf-8")

    def shelf(kind: str, *, full: bool) -> str:
        pattern = rf"\('(S\d+)', '{task['course']}', '{kind}', {'0' if full else '[1-9]'},"
        (found,) = re.findall(pattern, text)
        return str(found)

    return {
        "piece": task["piece"],
        "course": task["course"],
        "kind": place["kind"],
        "shelf": place["shelf"],
        "full_shelf": shelf(place["kind"], full=True),
        "wrong_kind": wrong,
        "wrong_shelf": shelf(wrong, full=False),
    }


@pytest.mark.slow
@pytest.mark.usefixtures("copy")
@pytest.mark.timeout(1800)
def test_a_copy_earns_all_its_gates(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile"]) == 0
    assert main(["gate"]) == 0
    assert "kiln-shelves: 10 pass, 1 not asked" in capsys.readouterr().out
