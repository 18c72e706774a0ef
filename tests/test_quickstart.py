"""The shipped quickstart: its data is what its generator makes, and leaks nothing."""

from __future__ import annotations

import json
from pathlib import Path

from mrlc.compiler import compile_spec
from tests.generated import generated

FOLDER = Path(__file__).parents[1] / "specs" / "quickstart"
SPLITS = ("train", "validation", "test")


def rows(split: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (FOLDER / f"data/{split}.jsonl").open(encoding="utf-8")]


def test_the_committed_files_are_the_generators(tmp_path: Path) -> None:
    made = generated(FOLDER / "generate.py", tmp_path)
    assert made == {name: (FOLDER / name).read_bytes() for name in made}
    assert len(made) == 6


def test_splits_share_no_bike_and_no_job() -> None:
    seen: set[object] = set()
    for split in SPLITS:
        tasks = rows(split)
        names = [task["bike"] for task in tasks] + [task["expected"]["job"] for task in tasks]  # type: ignore[index]
        assert len(set(names)) == len(names)
        assert not seen & set(names)
        seen |= set(names)
    assert sum(len(rows(split)) for split in SPLITS) >= 400


def test_demonstrations_are_of_training_tasks_and_mostly_wrong() -> None:
    answers = {task["id"]: task["expected"] for task in rows("train")}
    wrong = 0
    logs = rows("demonstrations")
    for log in logs:
        said = log["messages"][-1]["content"]  # type: ignore[index]
        answer = json.loads(said.removeprefix("<final_output>").removesuffix("</final_output>"))
        wrong += answer != answers[log["task"]]
    assert wrong / len(logs) > 0.6


def test_it_compiles() -> None:
    compiled = compile_spec(FOLDER.parent / "quickstart.yaml")
    assert compiled.tasks == {"train": 600, "validation": 100, "test": 200}
