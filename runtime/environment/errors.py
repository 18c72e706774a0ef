"""What a tool may raise: `ToolError` is text for the model, anything else breaks the episode."""

from __future__ import annotations


class ToolError(Exception):
    """A tool's own refusal, such as `no such order`; the model is shown `{"error": message}`."""
