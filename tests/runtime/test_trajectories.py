"""Stored episodes come back as they were; half a line is none, a broken row has its place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.metrics import ScoredEpisode
from mrlc.runtime.record import RunFolder
from mrlc.runtime.reward import RewardScore
from mrlc.runtime.rollout.trajectory import (
    Answer,
    StopCause,
    ToolCall,
    ToolResult,
    Trajectory,
    Turn,
)
from mrlc.runtime.task import Task
from mrlc.runtime.trajectories import StoredEpisode, stored_episodes

TASK = Task("t1", "train", {"question": "Bike 1?"})
TASKS = {("train", "t1"): TASK}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json_value = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
ids = st.lists(st.integers(0, 500), max_size=3).map(tuple)


@st.composite
def turns(draw: st.DrawFn) -> Turn:
    calls = draw(st.lists(st.builds(ToolCall, text, st.none() | st.just({"a": 1})), max_size=2))
    flags = st.tuples(st.booleans(), st.booleans(), st.booleans())
    results = [ToolResult(draw(text), *draw(flags)) for _ in calls]
    written = draw(ids)
    logprobs = tuple(-round(i / 7, 6) for i in written)
    user = draw(st.none() | text)
    return Turn(draw(text), written, logprobs, tuple(calls), tuple(results), draw(ids), user)


episodes = st.builds(
    Trajectory,
    task=st.just(TASK),
    member=st.integers(0, 7),
    prompt_ids=ids,
    turns=st.lists(turns(), max_size=2).map(tuple),
    stop=st.sampled_from(StopCause),
    answer=st.none() | st.builds(Answer, json_value),
    detail=text,
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(episodes, st.none() | st.floats(-1, 1)), max_size=3))
def test_what_is_stored_comes_back(played: list[tuple[Trajectory, float | None]]) -> None:
    scored = [
        ScoredEpisode(one, None if pay is None else RewardScore(pay, {"fields": abs(pay)}))
        for one, pay in played
    ]
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        run.append_episodes(scored, phase="train", step=3)
        found = list(stored_episodes(run.trajectories, TASKS))
    assert found == [StoredEpisode(one.trajectory, one.reward, "train", 3) for one in scored]
    assert [type(one.trajectory.answer) for one in found] == [type(t.answer) for t, _ in played]


ROW: dict[str, Any] = {
    "phase": "base",
    "task": "t1",
    "split": "train",
    "member": 0,
    "stop": "answered",
    "detail": "",
    "answered": True,
    "answer": None,
    "reward": 1.0,
    "components": {},
    "prompt_ids": [],
    "turns": [],
}


def test_a_null_answer_is_an_answer(tmp_path: Path) -> None:
    file = tmp_path / "trajectories.jsonl"
    rows = [ROW, ROW | {"answered": False}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first, second = stored_episodes(file, TASKS)
    assert first.trajectory.answer == Answer(None)
    assert second.trajectory.answer is None
    assert first.step is None


@pytest.mark.parametrize("half", ['{"phase": "ba', "{", '{"text": "\xe9'])
def test_half_a_last_line_is_no_episode(tmp_path: Path, half: str) -> None:
    file = tmp_path / "trajectories.jsonl"
    file.write_bytes((json.dumps(ROW) + "\n" + half).encode()[:-1])
    assert len(list(stored_episodes(file, TASKS))) == 1


BROKEN = {
    "no JSON": ("{", "Expecting property name"),
    "no object": ("7", "not a stored episode"),
    "a key missing": ({key: ROW[key] for key in ROW if key != "answered"}, "answered is missing"),
    "another cause": (ROW | {"stop": "boredom"}, "'boredom' is not a valid StopCause"),
    "another task": (ROW | {"task": "t9"}, "no task `t9`"),
    "a reward that is none": (ROW | {"reward": "much"}, "could not convert"),
    "a turn without its text": (
        ROW | {"turns": [{"results": ["x"], "refused": [], "unknown": []}]},
        "missing",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_row_is_a_fault_with_its_line(tmp_path: Path, case: str) -> None:
    row, message = BROKEN[case]
    file = tmp_path / "trajectories.jsonl"
    line = row if isinstance(row, str) else json.dumps(row)
    file.write_text(json.dumps(ROW) + f"\n{line}\n")
    with pytest.raises(PlanBroken, match="not a stored episode") as caught:
        list(stored_episodes(file, TASKS))
    assert message in caught.value.message
    assert (caught.value.file, caught.value.line) == (file, 2)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(PlanBroken, match="no such file"):
        list(stored_episodes(tmp_path / "trajectories.jsonl", TASKS))
