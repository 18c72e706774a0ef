"""What calls of a tool share is guessed before one was written; what differs is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrlc.runtime.model.chat import ChatFormat, tool_call_message
from mrlc.runtime.rollout.frames import call_frames
from mrlc.runtime.rollout.policies.transformers.drafts import ORDER, Drafts

TEXT = {"type": "string"}
VALUES: list[dict[str, Any]] = [
    TEXT,
    {"type": "integer"},
    {"type": "number"},
    {"type": "boolean"},
    {"type": "string", "enum": ["red", "blue"]},
    {"type": "array"},
    {"type": "array", "items": {"type": "integer"}},
    {"type": "object"},
    {"type": "object", "properties": {"bike": TEXT}, "required": ["bike"]},
]


def tool(name: str = "find_bike", /, **members: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": members, "required": list(members)}
    function = {"name": name, "description": "", "parameters": parameters}
    return {"type": "function", "function": function}


def guessed(tokenizer: Any, tools: list[dict[str, Any]], begun: str = "") -> str:
    """What is guessed to follow the beginning of a turn."""
    chat = ChatFormat(tokenizer, tools)
    context = [*chat.header_ids, *chat.encode(begun)][-ORDER:]
    ids = Drafts(call_frames(chat)).guess(tuple(context), 99, end_id=chat.end_id)
    return str(tokenizer.decode(ids))


def test_a_call_is_guessed_up_to_what_the_model_chooses(tokenizer: Any) -> None:
    one = tool(bike=TEXT)
    assert guessed(tokenizer, [one]) == ('<tool_call>{"name": "find_bike", "arguments": {"bike": "')
    two = [one, tool("book", bike=TEXT)]
    assert guessed(tokenizer, two) == '<tool_call>{"name": "'
    begun = '<tool_call>{"name": "find_bike", "arguments": '
    assert guessed(tokenizer, two, begun) == '{"bike": "'


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_value_is_not_guessed(tokenizer: Any, value: dict[str, Any]) -> None:
    begun = '<tool_call>{"name": "find_bike", "arguments": {"size":'
    found = guessed(tokenizer, [tool(size=value)], begun)
    assert not any(letter.isalnum() for letter in found.replace("bike", ""))


def test_a_value_without_a_choice_is_guessed(tokenizer: Any) -> None:
    whole = '<tool_call>{"name": "find_bike", "arguments": {"size": 5}}</tool_call><|im_end|>'
    assert guessed(tokenizer, [tool(size={"type": "integer", "enum": [5]})]) == whole


def test_what_may_be_left_out_is_not_guessed(tokenizer: Any) -> None:
    some = tool(bike=TEXT, note=TEXT)
    some["function"]["parameters"]["required"] = ["bike"]
    frames = call_frames(ChatFormat(tokenizer, [some]))
    assert "note" not in str(tokenizer.decode(frames[0]))


def test_no_tools_give_no_frames(tokenizer: Any) -> None:
    assert call_frames(ChatFormat(tokenizer, [])) == ()


@given(values=st.lists(st.sampled_from(VALUES), max_size=3))
def test_a_frame_is_a_call_as_the_template_writes_it(
    tokenizer: Any, values: list[dict[str, Any]]
) -> None:
    members = {f"arg{place}": value for place, value in enumerate(values)}
    chat = ChatFormat(tokenizer, [tool(**members)])
    for frame in call_frames(chat):
        assert frame[: len(chat.header_ids)] == tuple(chat.header_ids)
        written = list(frame[len(chat.header_ids) :])
        (call,) = chat.parse(written).calls
        assert call.arguments is not None
        assert call.arguments.keys() == members.keys()
        assert chat.message_ids(tool_call_message(call)) == written
