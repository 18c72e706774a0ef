"""Golden walks: templates that keep types, results that are read, failures that are said."""

from __future__ import annotations

import pytest

from mrlc.runtime.gates.walk import Walker, render, turns_of
from mrlc.runtime.model.chat import tool_call_message
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.task import Task
from mrlc.schemas.answer import Answer, Field_
from mrlc.schemas.gates import Step

NAMES = {"task": {"n": 3, "items": ["a"], "expected": {"days": 4}}, "results": [{"job": "J1"}]}
TYPED = Answer(json={"days": Field_(type="integer")})
RENDERED = [
    ("{{ task.n }}", 3), ("  {{ task.n }} ", 3), ("{{ task.n }} days", "3 days"),
    ("{{ task.items }}", ["a"]), ("{{ results[0].job }}", "J1"), (7, 7), (None, None),
    ({"a": ["{{ task.n }}"]}, {"a": [3]}), ("{{ task.n }}{{ task.n }}", "33"), ("4172", "4172"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), RENDERED)
def test_a_whole_expression_keeps_its_type(value, expected):
    found = render(value, NAMES)
    assert (found, type(found)) == (expected, type(expected))


def walker(*steps: Step, answer: Answer = TYPED) -> Walker:
    return Walker(steps, answer, Task("t", "train", NAMES["task"]))


def test_results_are_those_of_all_calls_so_far():
    call = Step(call={"find": {"key": "{{ task.n }}"}, "look": {"job": "J"}})
    one = walker(call, Step(answer={"days": "{{ results[1] }}"}))
    first = one.turn(())
    assert first.calls == (ToolCall("find", {"key": 3}), ToolCall("look", {"job": "J"}))
    assert one.turn(('{"job": "J1"}', "6")).text == '<final_output>{"days": 6}</final_output>'
    assert one.turn(()).text == ""


def test_a_text_answer_is_not_quoted_and_said_text_has_no_tags():
    assert walker(Step(answer="yes"), answer=Answer()).turn(()).text == (
        "<final_output>yes</final_output>"
    )
    assert walker(Step(say="n = {{ task.n }}")).turn(()).text == "n = 3"


def test_what_cannot_be_rendered_ends_the_walk_with_its_reason():
    one = walker(Step(call={"find": {"key": "{{ results[0].job }}"}}))
    assert one.turn(()).text == ""
    assert one.failure is not None
    assert "the walk cannot go on" in one.failure


def test_recorded_turns():
    messages = [
        tool_call_message(ToolCall("find", {"key": 3})),
        {"role": "tool", "content": "{}"},
        {"role": "assistant", "content": "done"},
    ]
    call, said = turns_of(messages)
    assert (call.calls, said.text) == ((ToolCall("find", {"key": 3}),), "done")


@pytest.mark.parametrize("given", [{}, {"answer": "x", "say": "y"}])
def test_a_step_is_one_action(given):
    with pytest.raises(ValueError, match="exactly one of call, answer, say"):
        Step(**given)
