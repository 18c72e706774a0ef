"""`{webhook: env:URL}`: the message as JSON, for a program; its form stands in `message`."""

from __future__ import annotations

from mrlc.runtime.notify.message import Message
from mrlc.runtime.notify.post import post
from mrlc.runtime.notify.sender import senders


@senders.register("webhook")
def send(address: str, message: Message) -> None:
    """Post it."""
    post(address, message.as_bytes())
