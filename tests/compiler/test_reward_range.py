"""The range of the reward is what real episodes are paid: never left, and reached."""

from __future__ import annotations

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.compiler.reward_range import reward_range, unearned
from mrlc.runtime.reward import Reward as Built
from mrlc.runtime.rollout.trajectory import (
    Answer,
    StopCause,
    ToolCall,
    ToolResult,
    Trajectory,
    Turn,
)
from mrlc.runtime.task import Task
from mrlc.schemas.reward import Reward

CODE = "def one(t):\n    return t.task.row['one']\n\n\ndef two(t):\n    return t.task.row['two']\n"
EXPECTED = {"a": 1, "b": 2}

FREE = [
    {"kind": "exact", "against": "task.expected"},
    {"kind": "answered"},
    {"kind": "tool_called", "tool": "look"},
    {"kind": "tool_called", "tool": "book"},
    {"kind": "python", "python": "pay.py:one"},
    {"kind": "python", "python": "pay.py:two"},
]
DENSE = [
    *FREE,
    {"kind": "field_accuracy", "against": "task.expected"},
    {"kind": "field_accuracy", "against": "task.expected", "fields": {"a": 1}},
    {"kind": "numeric", "against": "task.expected.b", "field": "b", "absolute": 1, "partial": True},
    {"kind": "regex", "field": "a", "pattern": "[0-9]"},
    {"kind": "one_of", "field": "a", "values": [1, 3]},
]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "pay.py").write_text(CODE)
    return folder


def episode(answer, tools, one, two):
    row = {"expected": EXPECTED, "one": one, "two": two}
    calls = tuple(ToolCall(name, {}) for name in tools)
    turn = Turn("", (), (), calls, tuple(ToolResult("") for _ in calls))
    given_ = None if answer is None else Answer(answer)
    return Trajectory(Task("t", "train", row), 0, (), (turn,), StopCause.ANSWERED, given_)


TOOLS = [(), ("look",), ("book",), ("look", "book")]
CODE_VALUES = [0, 1 - 1e-9, 1]
"""Of code: nothing, all, and as good as all without opening a gate."""
EXTREMES = [
    episode(answer, tools, one, two)
    for answer, tools, one, two in product(
        [None, EXPECTED, {"a": 0, "b": 0}], TOOLS, CODE_VALUES, CODE_VALUES
    )
]


@st.composite
def rewards(draw, kinds):
    """A composition of up to four of the kinds, some gated by earlier ones, so never in a circle."""
    weights = st.sampled_from([-1.0, -0.5, -0.25, 0.25, 0.5, 1.0])
    components = []
    for index in range(draw(st.integers(1, 4))):
        names = [one["name"] for one in components]
        requires = draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) if names else []
        components.append(
            {
                **draw(st.sampled_from(kinds)),
                "name": f"c{index}",
                "weight": draw(weights),
                "requires": requires,
            }
        )
    clip = draw(st.sampled_from([None, None, {}, {"low": -0.5, "high": 0.5}]))
    declared = {
        "components": components,
        "combine": draw(st.sampled_from(["sum", "product", "min", "max"])),
        "clip": clip,
    }
    return Reward.model_validate_json(json.dumps(declared))


@settings(deadline=None, max_examples=150)
@given(declared=rewards(FREE))
def test_both_ends_are_paid(inputs, declared):
    built = Built.load(declared, inputs)
    totals = [built.score(one).total for one in EXTREMES]
    assert reward_range(declared) == pytest.approx((min(totals), max(totals)))


@settings(deadline=None, max_examples=150)
@given(declared=rewards(FREE))
def test_what_is_unearned_is_paid_to_a_wrong_answer(inputs, declared):
    built = Built.load(declared, inputs)
    wrong = [one for one in EXTREMES if one.answer is None or one.answer.value != EXPECTED]
    most = max(built.score(one).total for one in wrong)
    assert unearned(declared, against="task.expected", fields=2) == pytest.approx(most)


ANSWERS = st.none() | st.fixed_dictionaries(
    {"a": st.sampled_from([0, 1, 3]), "b": st.integers(0, 4)}
)
EPISODES = st.builds(episode, ANSWERS, st.sampled_from(TOOLS), st.floats(0, 1), st.floats(0, 1))


@settings(deadline=None, max_examples=150)
@given(declared=rewards(DENSE), one=EPISODES)
def test_no_episode_is_paid_outside_of_the_range(inputs, declared, one):
    paid = Built.load(declared, inputs).score(one).total
    low, high = reward_range(declared)
    assert low - 1e-8 <= paid <= high + 1e-8
    if one.answer is None or one.answer.value != EXPECTED:
        assert paid <= unearned(declared, against="task.expected", fields=2) + 1e-8


EXACT = {"kind": "exact", "against": "task.expected"}
FIELDS = {"kind": "field_accuracy", "against": "task.expected"}
FORM = {"kind": "answered"}
LOOKS = {"kind": "tool_called", "tool": "look"}


@pytest.mark.parametrize(
    ("parts", "more", "low", "high"),
    [
        ([(EXACT, 1), (FIELDS, -1)], {}, -1, 0),  # exact implies every field
        ([(FIELDS, 0.5), (LOOKS, 0.5, 0)], {}, 0, 1),
        ([(FIELDS, 0.5), (LOOKS, -0.5, 0)], {}, 0, 0.5),  # the fine comes with the pay
        ([(EXACT, 0.5), (LOOKS, -0.5, 0)], {}, 0, 0.5),
        ([(FORM, -0.5), (EXACT, 1)], {}, -0.5, 0.5),
        ([(FORM, -0.5), (EXACT, 1)], {"clip": {}}, 0, 0.5),
        ([(EXACT, 0.5), (FORM, 0.5)], {"combine": "product"}, 0, 0.25),
        ([(EXACT, 1), (FORM, 0.5)], {"combine": "min"}, 0, 0.5),
        ([(EXACT, 0.5), (FORM, 0.25)], {"combine": "max"}, 0, 0.5),
    ],
)
def test_range(parts, more, low, high):
    components = [
        {**one, "name": f"c{i}", "weight": weight, "requires": [f"c{r}" for r in gates]}
        for i, (one, weight, *gates) in enumerate(parts)
    ]
    declared = Reward.model_validate_json(json.dumps({"components": components, **more}))
    assert reward_range(declared) == (low, high)


@pytest.mark.parametrize(
    ("fields", "of", "paid"),
    [(None, 4, 0.75), ({"a": 3, "b": 1}, 2, 0.75), ({"a": 1}, 2, 1), ({"a": 1, "b": 1}, 2, 0.5)],
)
def test_a_wrong_answer_lacks_its_cheapest_field(fields, of, paid):
    component = {**FIELDS, "name": "fields", "fields": fields}
    declared = Reward.model_validate_json(json.dumps({"components": [component]}))
    assert unearned(declared, against="task.expected", fields=of) == pytest.approx(paid)


@pytest.mark.parametrize("requires", [["none"], ["c0"]])
def test_what_can_never_pay_counts_nothing(requires):
    component = {**EXACT, "name": "c0", "requires": requires}
    declared = Reward.model_validate_json(json.dumps({"components": [component]}))
    assert reward_range(declared) == (0, 0)
