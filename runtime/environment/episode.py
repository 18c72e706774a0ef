"""One episode: its calls, and whether one of them ended it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from mrlc.runtime.environment.probes import Probes
from mrlc.runtime.environment.result import Reply, refusal
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.environment.tool import BoundTool
from mrlc.runtime.environment.users import Talk
from mrlc.runtime.json_values import quote
from mrlc.runtime.rollout.trajectory import ToolCall, ToolResult


class Episode:
    """Answers the tool calls of one episode; made by `Environment.open`."""

    def __init__(
        self,
        tools: Mapping[str, BoundTool],
        scope: Scope,
        probes: Probes,
        talk: Talk | None = None,
        *,
        distractors: Collection[str] = (),
    ) -> None:
        self._tools = tools
        self._distractors = distractors
        self._scope = scope
        self._talk = talk
        self._probes = probes
        self.is_done = False
        """Whether a tool with `ends_episode` has succeeded."""

    async def call(self, call: ToolCall) -> ToolResult:
        """Answer a call; a refusal by the tool itself is a result like any other.

        Raises:
            EnvironmentBroken: the tool timed out or crashed; nothing more can be told.
        """
        started = time.perf_counter()
        tool = self._tools.get(call.name)
        if tool is None:
            return ToolResult(self._unknown(call.name).text, is_error=True, is_unknown_tool=True)
        with self._scope.history.call(call.name) as seen:
            reply = await tool.answer(call.arguments, self._scope, seen)
            if not (reply.is_error or reply.is_refused):
                seen.text = reply.text
                self.is_done |= tool.ends_episode
        seconds = time.perf_counter() - started
        return ToolResult(
            reply.text,
            is_error=reply.is_error,
            is_distractor=call.name in self._distractors,
            seconds=seconds,
        )

    @property
    def has_user(self) -> bool:
        """Whether anybody may reply to a turn without an action."""
        return self._talk is not None

    async def hear(self, text: str) -> str | None:
        """What the user replies to a turn of the agent; None where nobody does.

        Raises:
            EnvironmentBroken: the user's model or code failed.
        """
        return None if self._talk is None else await self._talk.hear(text)

    async def final(self) -> Mapping[str, Any]:
        """The values of the probes; to be asked for after the last call.

        Raises:
            EnvironmentBroken: a state cannot be read any more.
        """
        return await self._probes.read(self._scope)

    def _unknown(self, name: str) -> Reply:
        shown = quote(name)[1:-1]
        known = f"the tools are {', '.join(self._tools)}" if self._tools else "there are no tools"
        return refusal(f"unknown tool `{shown}`; {known}")
