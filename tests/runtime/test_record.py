"""The run folder: logs that can be cut back, checkpoints that are whole or ignored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.files import write_json
from mrlc.runtime.record import LOGS, RunFolder, open_run
from mrlc.runtime.train.checkpoints import log_sizes_at, marking_callback, newest_checkpoint


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_logs_are_cut_back_to_a_checkpoint(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.append_metrics({"step": 1, "loss": 0.5})
    sizes = run.log_sizes()
    run.append_metrics({"step": 2})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 3, "half')  # what a kill leaves
    run.cut_logs(sizes)
    assert rows(tmp_path / "metrics.jsonl") == [{"step": 1, "loss": 0.5}]


def test_a_metric_that_is_no_number_is_left_out(tmp_path: Path) -> None:
    RunFolder(tmp_path).append_metrics({"step": 1, "a": float("nan"), "b": float("inf"), "c": 1.0})
    assert rows(tmp_path / "metrics.jsonl") == [{"step": 1, "c": 1.0}]


class State:
    is_world_process_zero = True

    def __init__(self, step: int) -> None:
        self.global_step = step


class Arguments:
    def __init__(self, folder: Path) -> None:
        self.output_dir = str(folder)


def test_only_marked_checkpoints_count_and_half_written_ones_go(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    folder = run.checkpoints
    assert newest_checkpoint(folder) is None
    for step in (9, 10, 11):
        (folder / f"checkpoint-{step}").mkdir(parents=True)
    mark = marking_callback(run)
    for step in (9, 10):
        mark.on_save(Arguments(folder), State(step), None)  # type: ignore[arg-type]
    newest = newest_checkpoint(folder)
    assert newest == folder / "checkpoint-10"
    assert log_sizes_at(newest) == dict.fromkeys(LOGS, 0)
    assert not (folder / "checkpoint-11").exists()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "evaluation.json"
    write_json(file, {"base": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(file, {"base": float("nan")})
    assert json.loads(file.read_text()) == {"base": 1}


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanBroken, match="no such run"):
        open_run(tmp_path)
