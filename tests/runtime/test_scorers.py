from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mrlc.runtime.errors import CodeFailed, PlanFault
from mrlc.runtime.rollout.trajectory import Answer, StopCause, Trajectory
from mrlc.runtime.scorers import Scorer, load_scorer
from mrlc.runtime.task import Task
from mrlc.schemas.evaluation import Evaluation


def scorer(inputs: Path = Path(), **declared: Any) -> Scorer:
    return load_scorer(Evaluation.model_validate_json(json.dumps({"scorer": declared})), inputs)


def trajectory(expected: Any, answer: Any = None, stop: str = "answered") -> Trajectory:
    task = Task("t1", "test", {"expected": expected})
    given = None if answer is None else Answer(answer)
    return Trajectory(task, 0, (), (), StopCause(stop), given)


@pytest.mark.parametrize(
    ("expected", "answer", "score"),
    [
        ({"a": 1, "b": "x"}, {"b": "x", "a": 1}, 1.0),
        ({"a": 1}, {"a": 1.0}, 1.0),
        ({"a": 1}, {"a": True}, 0.0),
        ({"a": 1}, {"a": "1"}, 0.0),
        ({"a": 1}, {"a": 1, "b": 2}, 0.0),
        ({"a": 1, "b": 2}, {"a": 1}, 0.0),
        ("yes", "yes", 1.0),
        ("yes", "Yes", 0.0),
        ({"a": 1}, None, 0.0),
    ],
)
def test_exact_fields(expected: Any, answer: Any, score: float) -> None:
    declared = scorer(kind="exact_fields", against="task.expected")
    assert declared.score(trajectory(expected, answer)) == score


def test_unscorable_has_no_score() -> None:
    declared = scorer(kind="exact_fields", against="task.expected")
    assert declared.score(trajectory(1, stop="environment_error")) is None


def test_row_without_the_expected_value_is_no_zero() -> None:
    declared = scorer(kind="exact_fields", against="task.expected.deep")
    with pytest.raises(CodeFailed, match="the scorer failed on task `t1`: KeyError: 'deep'"):
        declared.score(trajectory({}, {}))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("return float(t.answer.value == t.task.row['expected'])", 1.0),
        ("return True", 1.0),
        ("return 0.25", 0.25),
        ("return 1.5", "returned 1.5, not a number from 0 to 1"),
        ("return float('nan')", "returned nan, not a number from 0 to 1"),
        ("return None", "returned NoneType, not a number from 0 to 1"),
        ("return 10 ** 400", "OverflowError: int too large to convert to float"),
        ("return 1 / 0", "ZeroDivisionError: division by zero at rule.py:1"),
        ("exit(2)", "SystemExit: 2 at rule.py:1"),
    ],
)
def test_python(tmp_path: Path, code: str, found: float | str) -> None:
    (tmp_path / "rule.py").write_text(f"def rule(t): {code}")
    declared = scorer(tmp_path, kind="python", python="rule.py:rule")
    if isinstance(found, float):
        assert declared.score(trajectory("x", "x")) == found
        return
    with pytest.raises(CodeFailed) as caught:
        declared.score(trajectory("x", "x"))
    assert caught.value.path == "evaluation.scorer"
    assert found in caught.value.message


def test_python_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(PlanFault) as caught:
        scorer(tmp_path, kind="python", python="none.py:rule")
    assert caught.value.path == "evaluation.scorer.python"
