"""`mrlc report --alerts`: rules over a run's metrics, and where reward and evaluation part."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mrlc.cli import main
from mrlc.compiler import compile_spec
from mrlc.runtime.accounts import Account
from mrlc.runtime.alerts.replay import replay
from mrlc.runtime.alerts.watch import Watch
from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.files import write_json
from mrlc.runtime.record import RunFolder
from tests.conftest import Project
from tests.runtime.test_rescore import HALF, RIGHT, WRONG, Stored

HACKED = (
    "alerts={use: [], rules: [{name: hacked, all: [{metric: rollout/reward/mean, rising: 0.1, window: 4}, \
{metric: eval/score/mean, not_rising: 0.05, window: 4}], then: [stop]}]}"
)
EVERY = ("algorithm.steps=8", "evaluation.every_steps=1")


@pytest.fixture
def stored(project: Project) -> Stored:
    """Eight steps in which wrong answers earn ever more."""
    made = Stored(project)
    for step in range(1, 9):
        reward = 0.1 * step
        made.run.append_metrics(
            {"step": step, "rollout/reward/mean": reward, "eval/score/mean": 0.2}
        )
        made.group(RIGHT if step % 4 == 0 else WRONG, HALF, HALF, None, step=step)
    return made


def test_the_rules_of_another_plan(stored: Stored) -> None:
    assert replay(stored.run, stored.run.plan).firings == []
    found = replay(stored.run, stored.compile(HACKED, *EVERY))
    assert [(one.rule, one.step) for one in found.firings] == [("hacked", 4)]
    assert found.ending is not None
    assert (found.ending.step, found.steps, found.recorded) == (4, 8, None)


def test_a_replay_is_what_the_watch_said(stored: Stored) -> None:
    folder = stored.compile(HACKED, *EVERY)
    watch = Watch.of(compile_spec(stored.project.spec, overrides=(HACKED, *EVERY)).plan.experiment)
    lines = (stored.run.path / "metrics.jsonl").read_text().splitlines()
    live = [
        one for line in lines for one in watch.observe(json.loads(line)["step"], json.loads(line))
    ]
    assert replay(stored.run, folder).firings == live


def test_episodes_of_the_window_that_are_paid_and_fail(stored: Stored) -> None:
    found = replay(stored.run, stored.compile(HACKED, *EVERY)).disagreements["hacked"]
    assert (found.first, found.last, found.episodes) == (1, 4, 12)
    assert found.agreement.success == pytest.approx(1 / 12)
    worst = found.offenders[0]
    assert (worst.step, worst.score, worst.reward) == (4, 0.0, pytest.approx(0.55))


def test_without_metrics_or_with_broken_ones(stored: Stored) -> None:
    file = stored.run.path / "metrics.jsonl"
    file.write_text(file.read_text() + '{"step": 9, "rol')  # the half that a kill leaves
    assert replay(stored.run, stored.run.plan).steps == 8
    file.write_text("{}\n")
    with pytest.raises(PlanBroken, match="not a row of metrics"):
        replay(stored.run, stored.run.plan)
    file.unlink()
    with pytest.raises(PlanBroken, match="no metrics"):
        replay(RunFolder(stored.run.path), stored.run.plan)


@pytest.mark.parametrize("form", ["human", "markdown"])
def test_the_report_as_people_read_it(
    stored: Stored, form: str, capsys: pytest.CaptureFixture[str], snapshot: object
) -> None:
    folder = stored.compile(HACKED, *EVERY)
    assert (
        main(["report", str(stored.run.path), "--alerts", "--plan", str(folder), "-f", form]) == 0
    )
    assert capsys.readouterr().out == snapshot


def test_the_report_as_json(stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    folder = stored.compile(HACKED, *EVERY)
    assert (
        main(["report", str(stored.run.path), "--alerts", "--plan", str(folder), "-f", "json"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["format"], found["firings"][0]["step"]) == ("mrlc.alerts/1", 4)


def test_the_alerts_are_the_report_without_being_asked_for(
    stored: Stored, capsys: pytest.CaptureFixture[str]
) -> None:
    about = ["report", str(stored.run.path)]
    printed = []
    for argv in (about, [*about, "--alerts"]):
        assert main(argv) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != ""


def test_what_an_offender_was_paid_for_is_said(stored: Stored) -> None:
    (worst, *_) = (
        replay(stored.run, stored.compile(HACKED, *EVERY)).disagreements["hacked"].offenders
    )
    assert worst.components == {"fields": 0.5, "polite": 1.0}


def test_no_run_is_a_fault_with_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path), "--alerts"]) == 1
    assert "no such run" in capsys.readouterr().err


def test_the_report_shows_the_books_of_a_finished_run(stored: Stored, capsys: Any) -> None:
    path = str(stored.run.path)
    assert main(["report", path]) == 0
    assert "what became of them" not in capsys.readouterr().out
    books = {"train": Account(9, 7, Counter({"find: A": 2})), "validation": Account(4, 4)}
    write_json(stored.run.accounts, {phase: one.as_json() for phase, one in books.items()})
    assert main(["report", path]) == 0
    human = capsys.readouterr().out
    assert "episodes by what became of them" in human
    assert "find: A" in human
    assert main(["report", path, "-f", "markdown"]) == 0
    assert "| started | 9 | 4 |" in capsys.readouterr().out
    assert main(["report", path, "-f", "json"]) == 0
    accounted = json.loads(capsys.readouterr().out)["accounts"]
    assert accounted["train"]["unscorable"] == {"find: A": 2}
