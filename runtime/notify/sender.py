"""What every kind of channel has in common."""

from __future__ import annotations

from typing import Protocol

from mrlc.runtime.notify.message import Message
from mrlc.runtime.registry import Registry

ATTEMPT_S = 10.0
"""Longest wait for one answer: what takes longer to say yes is down."""


class Refused(Exception):
    """The other side will not have the message, however often it is sent; one line, no secret."""


class Sender(Protocol):
    """Sends a message to one address, once."""

    def __call__(self, address: str, message: Message) -> None:
        """Send.

        Raises:
            Transient: it failed in a way that another attempt may not.
            Refused: it will fail every time.
        """


senders: Registry[Sender] = Registry("mrlc.runtime.notify")
"""`sns`, `webhook`, `slack` → what sends there; an address is an ARN, or a resolved URL."""
