"""Evaluations and rescorings as people read them: snapshots, and text that cannot do harm."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import pytest

from mrlc import evaluations, rescored
from mrlc.runtime.agreement import Agreement, Offender
from mrlc.runtime.compare import compare
from mrlc.runtime.outcomes import Outcome, summarise
from mrlc.runtime.rankings import Rankings
from mrlc.runtime.rescore import Rescored
from mrlc.runtime.rollout.trajectory import StopCause
from mrlc.tables import Block, Lines, Table, markdown, print_blocks


def result(right: int) -> dict[str, object]:
    """Twenty tasks: some right, one out of turns, one broken, the others wrong."""
    outcomes = [
        Outcome(
            f"t{i}", StopCause.ANSWERED, float(i < right), 2 + i % 2, 1, {"job": i < 15}, 4, i % 5
        )
        for i in range(18)
    ]
    outcomes.append(Outcome("t18", StopCause.TURNS, 0.0, 4, 4, {"job": False}, 4, 0))
    outcomes.append(Outcome("t19", StopCause.ENVIRONMENT_ERROR, None, 1, 1))
    return summarise(outcomes, seed=1, pass_at=(1, 4)).as_json()


@pytest.fixture(scope="module")
def evaluation() -> list[Block]:
    before, after = result(4), result(14)
    found = compare(before, after, digest="d")
    assert found is not None
    comparison = {"before": "base", "after": "step 10"} | found.as_json()
    results = [("base", before), ("step 10", after)]
    return [*evaluations.blocks("20 tasks of test, seed 1", results, [comparison])]


@pytest.fixture(scope="module")
def rescoring() -> list[Block]:
    old = Agreement(0.5, {"fields": 0.5, "old": 0.25}, 0.25, 1.0, 0.333, 0.875)
    new = Agreement(0.625, {"fields": 0.5, "new": 1.0}, 0.25, 1.0, 0.5, 0.75)
    record = Rescored(
        episodes=16,
        answers=2,
        changed=7,
        old=old,
        new=new,
        rankings=Rankings(4, 2, 24, 3, 2, 1, 2, 4, 3),
        offenders=[
            Offender(
                "t1", "train", 2, 3, 0.9, 0.0, "<final_output>no|thing\n*at* all</final_output>"
            ),
            Offender("h1", "base", None, 0, 0.4, 0.5, "\x1b[2Jgone\u202e"),
        ],
        notes=["the turn budgets differ"],
    )
    return [*rescored.blocks(asdict(record))]


def human(blocks: Sequence[Block]) -> str:
    stream = io.StringIO()
    print_blocks(blocks, stream)
    return stream.getvalue()


def test_evaluation(evaluation, snapshot):
    assert human(evaluation) == snapshot


def test_evaluation_in_markdown(evaluation, snapshot):
    assert markdown(evaluation) == snapshot


def test_rescoring(rescoring, snapshot):
    assert human(rescoring) == snapshot


def test_rescoring_in_markdown(rescoring, snapshot):
    assert markdown(rescoring) == snapshot


def test_a_result_of_an_older_run_still_shows():
    old = {"success": 0.5, "mean_score": 0.5, "completion": 1.0, "turns": 2.0}
    old |= {"unscorable": 0, "tasks": 2, "pass_at": {"1": 0.5}}
    assert "50.0%" in human([*evaluations.blocks("t", [("base", old)], [])])


def hostile() -> Iterator[Block]:
    text = "\x1b[31m[bold]a|b`c`<script>\r\n\u202e"
    yield Table(text, ("", text), ((text, text),))
    yield Lines((text,))


def test_hostile_text_is_shown_and_does_nothing():
    for shown in (human([*hostile()]), markdown(hostile())):
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "script" in shown
    rows = [line for line in markdown(hostile()).splitlines() if line.startswith("|")]
    assert len(rows) == 3
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}
    assert not re.search(r"(?<!\\)<", markdown(hostile()))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_narrow_terminal_lists_what_no_table_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(
        "paid and fail",
        ("task", "step", "reward", "paid for", "how its last turn ends"),
        (("train-1", "12", "0.9", "fields 1", "the bike is ready on Monday"),),
        texts=("paid for", "how its last turn ends"),
    )
    shown = {}
    for width in (40, 80):
        monkeypatch.setenv("COLUMNS", str(width))
        print_blocks([table], stream := Terminal())
        shown[width] = stream.getvalue()
    assert shown[40].splitlines()[1:] == [
        "task train-1",
        "  step                    12",
        "  reward                  0.9",
        "  paid for                fields 1",
        "  how its last turn ends  the bike is ready on Monday",
    ]
    assert "0.9 │ fields 1 │ the bike is ready on Monday │" in shown[80]
