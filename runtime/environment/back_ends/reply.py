"""`reply`: one result for every call; what a tool needs that nothing depends on."""

from __future__ import annotations

from typing import Any

from mrlc.runtime.environment.back_ends import BACK_ENDS, Site
from mrlc.runtime.environment.result import render
from mrlc.runtime.environment.scope import Scope
from mrlc.schemas.tools import Tool


@BACK_ENDS.register("reply")
class ReplyTool:
    """A constant."""

    is_instant = True
    uses_episode = False

    def __init__(self, tool: Tool, site: Site) -> None:
        self._text = render(tool.reply)

    async def call(self, arguments: dict[str, Any], scope: Scope) -> str:
        """The result's text, rendered when the tool was built."""
        return self._text
