"""What a tool may raise: `ToolError` is text for the model, anything else breaks the episode."""

from __future__ import annotations

from typing import Any


class ToolError(Exception):
    """A tool's own refusal, such as `no such order`; the model is shown `{"error": message}`."""

    @property
    def reply(self) -> Any:
        """What the model is shown."""
        return {"error": str(self)}


class Refusal(ToolError):
    """A refusal whose reply the spec gives."""

    def __init__(self, reply: Any) -> None:
        super().__init__(reply)
        self._reply = reply

    @property
    def reply(self) -> Any:
        """What the model is shown."""
        return self._reply
