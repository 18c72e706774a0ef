"""Demonstrations: both forms that rows come in are read as the one that chat templates know."""

from __future__ import annotations

import json
from pathlib import Path

from mrlc.runtime.demonstrations import load_demonstrations
from mrlc.runtime.task import Task

CALL = {"name": "find_bike", "arguments": {"bike": "7"}}


def test_bare_calls_and_absent_texts_are_made_whole(tmp_path: Path) -> None:
    messages = [
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "content": "{}"},
        {"role": "assistant", "content": "J1"},
    ]
    path = tmp_path / "demos.jsonl"
    path.write_text(json.dumps({"task": "t1", "messages": messages}))
    (read,) = load_demonstrations(path, [Task("t1", "train", {})])
    called, *rest = read.messages
    assert called == {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": CALL}],
    }
    assert rest == messages[1:]
