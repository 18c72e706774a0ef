"""A policy behind a chat endpoint, with the endpoint's own tool calls.

The engine speaks in ids. Here an id is a handle of a message, or of what is said to the model after
a turn, kept in a `MessageFormat` that the policy's sequences share. So environment, tools, budgets
and causes of ending are those of any policy, and no token id is made up: trajectories of such a
policy hold none (`without_ids`).
"""

from __future__ import annotations

from collections import abc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from mrlc.runtime.endpoint import ChatClient, Completion, ToolRequest
from mrlc.runtime.json_values import loads
from mrlc.runtime.model.chat import ParsedTurn, user_message
from mrlc.runtime.rollout.format import Format
from mrlc.runtime.rollout.policies.policy import Sequence, Session, Written
from mrlc.runtime.rollout.trajectory import ToolCall, Trajectory

CONTEXT = 1 << 40
"""Handles have no length; a context that overflows is for the endpoint to say."""

Messages = list[Mapping[str, Any]]


@dataclass(frozen=True)
class _Opening:
    """How an episode begins."""

    messages: Messages
    shown: tuple[str, ...] | None
    """Names of the tools, in order; None for all."""


class MessageFormat:
    """Hands out ids for what is said; `tokens` counts the tokens of results, as for the policy."""

    def __init__(self, tokens: Format) -> None:
        self._tokens = tokens
        self._kept: list[Any] = []

    def keep(self, what: Any) -> int:
        """The handle of something."""
        self._kept.append(what)
        return len(self._kept) - 1

    def prompt_ids(
        self, messages: abc.Sequence[Mapping[str, Any]], shown: abc.Sequence[str] | None = None
    ) -> list[int]:
        """A handle of the opening messages and of the tools shown with them."""
        return [self.keep(_Opening(list(messages), None if shown is None else tuple(shown)))]

    def feedback_ids(self, calls: abc.Sequence[ToolCall], texts: abc.Sequence[str]) -> tuple[int]:
        """A handle of the results; which call each belongs to, the sequence knows."""
        return (self.keep(list(texts)),)

    def user_ids(self, text: str) -> tuple[int]:
        """A handle of the user's reply."""
        return (self.keep([user_message(text)]),)

    def clip(self, text: str, max_tokens: int) -> str:
        """Text cut as the trained policy would have it cut, so that both see the same."""
        return self._tokens.clip(text, max_tokens)

    def parse(self, ids: abc.Sequence[int]) -> ParsedTurn:
        """The turn of a handle; arguments that are no JSON object are None."""
        completion = self.at(ids)
        calls = (ToolCall(one.name, _arguments(one)) for one in completion.calls)
        return ParsedTurn(completion.text, tuple(calls))

    def at(self, ids: abc.Sequence[int]) -> Any:
        """What a handle stands for."""
        (handle,) = ids
        return self._kept[handle]


class _Conversation:
    """One episode's messages so far."""

    def __init__(self, policy: EndpointPolicy, seed: int) -> None:
        self._policy = policy
        self._seed = seed
        self._messages: Messages = []
        self._unanswered: tuple[ToolRequest, ...] = ()
        self._shown: tuple[str, ...] | None = None

    async def write(self, ids: abc.Sequence[int], *, max_tokens: int) -> Written:
        """Say what the handle stands for, and hear the model's next message."""
        self._messages += self._said(self._policy.format.at(ids))
        completion = await self._policy.ask(
            self._messages, self._seed, shown=self._shown, max_tokens=max_tokens
        )
        self._unanswered = completion.calls
        self._messages.append(_assistant(completion))
        handle = self._policy.format.keep(completion)
        return Written((handle,), (0.0,), has_ended=completion.is_whole)

    def close(self) -> None:
        """Nothing is held."""

    def _said(self, what: _Opening | Messages | list[str]) -> Messages:
        """Messages as they are, and results as answers to the calls of the last turn."""
        if isinstance(what, _Opening):
            self._shown = what.shown
            return what.messages
        if not self._unanswered:
            return [one for one in what if isinstance(one, Mapping)]
        return [
            {"role": "tool", "tool_call_id": call.id, "content": text}
            for call, text in zip(self._unanswered, what, strict=True)
        ]


class EndpointPolicy:
    """A model that is asked; its engine must have the same `format`."""

    def __init__(
        self,
        client: ChatClient,
        format: MessageFormat,
        *,
        tools: abc.Sequence[Mapping[str, Any]],
        temperature: float,
    ) -> None:
        self.format = format
        self._client = client
        self._tools = {str(tool["function"]["name"]): tool for tool in tools}
        self._temperature = temperature

    @property
    def context(self) -> int:
        """No limit that could be known here."""
        return CONTEXT

    def open(self, seed: int) -> Sequence:
        """A conversation; by its seed, samples of one task are told apart."""
        return _Conversation(self, seed)

    @asynccontextmanager
    async def session(self, width: int) -> AsyncIterator[Session]:
        """Nothing is shared."""
        yield self

    async def ask(
        self, messages: Messages, seed: int, *, shown: tuple[str, ...] | None, max_tokens: int
    ) -> Completion:
        """The model's next message, with the tools of these names in sight, or all."""
        names = self._tools if shown is None else shown
        return await self._client.chat(
            messages,
            max_tokens=max_tokens,
            tools=[self._tools[name] for name in names],
            temperature=self._temperature,
            sample=seed,
        )


def without_ids(trajectory: Trajectory) -> Trajectory:
    """A trajectory without the handles, which mean nothing outside its conversation."""
    turns = (replace(turn, ids=(), logprobs=(), feedback_ids=()) for turn in trajectory.turns)
    return replace(trajectory, prompt_ids=(), turns=tuple(turns))


def _assistant(completion: Completion) -> dict[str, Any]:
    """A turn as the endpoint wants it back."""
    message: dict[str, Any] = {"role": "assistant", "content": completion.text}
    calls = [
        {
            "id": one.id,
            "type": "function",
            "function": {"name": one.name, "arguments": one.arguments},
        }
        for one in completion.calls
    ]
    return message | ({"tool_calls": calls} if calls else {})


def _arguments(call: ToolRequest) -> dict[str, Any] | None:
    try:
        value = loads(call.arguments or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
