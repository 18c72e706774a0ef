"""`{slack: env:URL}`: an incoming webhook of Slack, or of what takes the same JSON.

    {"text": "desk: alert …", "blocks": [header, section]}

`text` is what a phone shows, and all that a simpler chat reads. Slack's own marks are taken from
what is quoted: `&`, `<` and `>` as it asks
(https://docs.slack.dev/messaging/formatting-message-text#escaping), so that no output of a model
calls a channel together; `verbatim` keeps it from making links of names and addresses.
"""

from __future__ import annotations

import json
from typing import Any

from mrlc.runtime.notify.message import Message
from mrlc.runtime.notify.post import post
from mrlc.runtime.notify.sender import senders

HEADER, SECTION = 150, 3_000
"""Characters that a header and a section may have."""


@senders.register("slack")
def send(address: str, message: Message) -> None:
    """Post it."""
    post(address, json.dumps(body(message)).encode("ascii"))


def body(message: Message) -> dict[str, Any]:
    """What is posted."""
    title = {"type": "plain_text", "text": _cut(message.title, HEADER), "emoji": False}
    text = {"type": "mrkdwn", "text": _escaped(message.text(), SECTION), "verbatim": True}
    return {
        "text": _escaped(message.title, SECTION),
        "blocks": [{"type": "header", "text": title}, {"type": "section", "text": text}],
    }


def _escaped(text: str, limit: int) -> str:
    """Escaped, and cut before the limit, at a letter and not within an escape."""
    escapes = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    parts, size = list[str](), 0
    for letter in text:
        part = escapes.get(letter, letter)
        if size + len(part) > limit - 1:
            return "".join(parts) + "…"
        parts.append(part)
        size += len(part)
    return "".join(parts)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
