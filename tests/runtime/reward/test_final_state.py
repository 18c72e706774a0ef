"""The component and the scorer that compare what an episode did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.json_values import equal, spell
from mrlc.runtime.reward import Reward
from mrlc.runtime.rollout.trajectory import StopCause, Trajectory
from mrlc.runtime.scorers import load_scorer
from mrlc.runtime.task import Task
from mrlc.schemas.evaluation import Evaluation
from mrlc.schemas.reward import Reward as Declared


def trajectory(found: dict[str, Any], expected: dict[str, Any]) -> Trajectory:
    """An episode that ran out of turns: what was done counts, answered or not."""
    return Trajectory(Task("t1", "test", expected), 0, (), (), StopCause("turns"), final=found)


def scores(found: dict[str, Any], expected: dict[str, Any], **options: Any) -> tuple[float, ...]:
    """By probes, by parts, and by the scorer."""
    against = {name: f"task.{name}" for name in expected}
    episode = trajectory(found, expected)
    given = []
    for share in ("probes", "parts"):
        one = {
            "kind": "final_state",
            "name": "state",
            "against": against,
            "share": share,
            **options,
        }
        declared = Declared.model_validate_json(json.dumps({"components": [one]}))
        score = Reward.load(declared, Path()).score(episode)
        assert score is not None
        given.append(score.total)
    scorer = {"scorer": {"kind": "final_state", "against": against, **options}}
    rule = load_scorer(Evaluation.model_validate_json(json.dumps(scorer)), Path())
    exact = rule.score(episode)
    assert exact is not None
    return (*given, exact)


A, B, C = {"id": 1, "n": 1.0}, {"id": 2, "n": None}, {"id": 3, "n": "x"}


@pytest.mark.parametrize(
    ("found", "expected", "options", "wanted"),
    [
        ({"p": [A, B]}, {"p": [A, B]}, {}, (1, 1, 1)),
        ({"p": [{"n": 1, "id": 1.0}]}, {"p": [A]}, {}, (1, 1, 1)),
        ({"p": [A, B]}, {"p": [A, C]}, {}, (0, 0.5, 0)),
        ({"p": [B, A]}, {"p": [A, B]}, {}, (0, 0, 0)),
        ({"p": [B, A]}, {"p": [A, B]}, {"ordered": False}, (1, 1, 1)),
        ({"p": [A, A]}, {"p": [A]}, {"ordered": False}, (0, 0.5, 0)),
        ({"p": [A]}, {"p": [A, A]}, {"ordered": False}, (0, 0.5, 0)),
        ({"p": []}, {"p": []}, {}, (1, 1, 1)),
        ({"p": [A, B, C, A]}, {"p": []}, {}, (0, 0, 0)),
        ({"p": A}, {"p": {"id": 1, "n": 2}}, {}, (0, 0.5, 0)),
        ({"p": None}, {"p": A}, {}, (0, 0, 0)),
        ({"p": A}, {"p": None}, {}, (0, 0, 0)),
        ({"p": None}, {"p": None}, {}, (1, 1, 1)),
        ({"p": {"a.txt": "x", "b.txt": "y"}}, {"p": {"a.txt": "x"}}, {}, (0, 0.5, 0)),
        ({"p": {"too_large": "x"}}, {"p": [A]}, {}, (0, 0, 0)),
        ({"p": 1}, {"p": True}, {}, (0, 0, 0)),
        ({"p": [A], "q": A}, {"p": [A, B, C], "q": A}, {}, (0.5, 0.6, 0)),
        ({"p": [A], "q": A, "r": 1}, {"p": [A], "q": A}, {}, (1, 1, 1)),
    ],
)
def test_scores(found: Any, expected: Any, options: Any, wanted: tuple[float, ...]) -> None:
    assert scores(found, expected, **options) == pytest.approx(wanted)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(JSON, JSON, st.booleans())
def test_full_pay_is_the_scorers_success_and_nothing_else(
    found: Any, expected: Any, ordered: bool
) -> None:
    probes, parts, exact = scores({"p": found}, {"p": expected}, ordered=ordered)
    assert 0 <= parts <= 1
    assert (probes == 1) == (parts == 1) == (exact == 1)


@settings(deadline=None)
@given(JSON, JSON)
def test_values_are_spelled_alike_if_and_only_if_they_are_equal(left: Any, right: Any) -> None:
    assert (spell(left) == spell(right)) == equal(left, right)
