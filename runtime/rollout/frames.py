"""The frames of tool calls: what any call of a tool looks like, known before one was written.

Each tool is called twice with other values, as the chat template writes it. What the two share, the
names, braces and quotes, a session may guess from its first turn on; what differs it may not.
SGLang's jump-forward decoding (Zheng et al. 2023, arXiv:2312.07104) writes such parts without asking
the model; here the model is asked, and has the last word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrlc.runtime.model.chat import ChatFormat, tool_call_message
from mrlc.runtime.rollout.trajectory import ToolCall

_EXAMPLES: dict[str, tuple[Any, Any]] = {
    "string": ("one", "two"),
    "integer": (3, 8),
    "number": (3.5, 8.25),
    "boolean": (True, False),
    "array": (["one"], ["two"]),
    "object": ({"one": 3}, {"two": 8}),
}


def call_frames(chat: ChatFormat) -> tuple[tuple[int, ...], ...]:
    """Ids of a turn's header and a call: two of each tool that `chat` knows, in declared order."""
    return tuple(
        (*chat.header_ids, *chat.message_ids(tool_call_message(ToolCall(name, arguments))))
        for name, tool in chat.tools.items()
        for arguments in _arguments(tool["function"]["parameters"])
    )


def _arguments(declared: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two sets of values for all that is required."""
    members = declared.get("properties", {})
    pairs = {name: _pair(members[name]) for name in declared.get("required", ()) if name in members}
    first, second = ({name: pair[which] for name, pair in pairs.items()} for which in (0, 1))
    return first, second


def _pair(declared: Mapping[str, Any]) -> tuple[Any, Any]:
    """Two values in the words of JSON Schema, as different as they can be."""
    if choices := declared.get("enum"):
        return choices[0], choices[-1]
    if "items" in declared:
        first, second = _pair(declared["items"])
        return [first], [second]
    if "properties" in declared:
        return _arguments(declared)
    return _EXAMPLES[declared["type"]]
