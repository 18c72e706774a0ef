from __future__ import annotations

from pathlib import Path

import pytest

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.tasks import load_tasks
from mrlc.schemas import Experiment

SPEC = """{
  "mrlc": "v1", "name": "desk", "model": {"base": "tiny"},
  "data": {"train": "data/train.jsonl", "validation": "data/v.csv", "test": "data/none.jsonl"},
  "environment": {"prompt": "hi"}, "turns": {"human": 2},
  "reward": {"components": [{"kind": "answered", "name": "answered"}]},
  "evaluation": {"scorer": {"kind": "exact_fields", "against": "task.expected"}},
  "algorithm": {"kind": "grpo"}
}"""
EXPERIMENT = Experiment.model_validate_json(SPEC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("lines", "ids"),
    [
        (['{"id": "b"}', '{"id": "a"}'], ["b", "a"]),
        (['{"x": 1}', "", '{"x": 2}'], ["0", "1"]),
        (['{"id": 7}', '{"id": null}', '{"id": ""}', '{"id": 1.5}'], ["7", "1", "2", "1.5"]),
        (['\ufeff{"id": "é\u2028"}'], ["é\u2028"]),  # a line separator ends no line of JSONL
        ([], []),
    ],
)
def test_ids_in_file_order(data: Path, lines: list[str], ids: list[str]) -> None:
    (data / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    tasks = load_tasks(EXPERIMENT, data.parent, "train")
    assert [task.id for task in tasks] == ids
    assert all(task.split == "train" for task in tasks)


def test_rows(data: Path) -> None:
    (data / "train.jsonl").write_text('{"id": "a", "expected": {"n": 1}}')
    (data / "v.csv").write_text('id,text,n\na,"two\nlines",1\nb,,\n')
    (task,) = load_tasks(EXPERIMENT, data.parent, "train")
    assert task.value("task.expected.n") == 1
    rows = [task.row for task in load_tasks(EXPERIMENT, data.parent, "validation")]
    assert rows == [{"id": "a", "text": "two\nlines", "n": "1"}, {"id": "b", "text": "", "n": ""}]


@pytest.mark.parametrize("text", ["[1]\n", "{\n", "\xff", "{}\n3\n"])
def test_file_that_holds_no_rows(data: Path, text: str) -> None:
    (data / "train.jsonl").write_bytes(text.encode("latin-1"))
    with pytest.raises(PlanFault) as caught:
        load_tasks(EXPERIMENT, data.parent, "train")
    assert caught.value.path == "data.train"


def test_no_file(data: Path) -> None:
    with pytest.raises(PlanFault, match=r"data/none\.jsonl cannot be read"):
        load_tasks(EXPERIMENT, data.parent, "test")
