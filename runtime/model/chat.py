"""The chat format: between messages and token ids, checked before anything is trained.

An episode is one growing sequence of ids. The template is rendered once, for the prompt;
after that only *differences* of renderings are appended: what a tool result adds, up to
the header of the next turn. So history is never tokenized again, and the ids that are
trained on are the ids that were sampled (token-in, token-out).

That works only with a template that keeps its promises, and one that does not fails
silently: rewards are 0 for hours. `ChatFormat` therefore tries each promise when it is
made and raises `ChatFormatError` with the first one broken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mrlc.runtime.json_values import is_json
from mrlc.runtime.rollout.trajectory import ToolCall

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

Message = Mapping[str, Any]
CACHED_TEXTS = 65_536
"""Turns and results kept tokenized; a domain repeats most of them."""
LETTERS_PER_TOKEN = 8
"""Read first of a text that is to be cut: twice what English takes, so that once is mostly enough."""
CUT_TOKENS = 16
"""Tokens before the end of what was read that the rest of the text may still change."""


class ChatFormatError(Exception):
    """A promise that the tokenizer's chat template breaks; the message says which and how."""


@dataclass(frozen=True)
class ParsedTurn:
    """A turn of the model, read: its text outside tool calls, and the calls."""

    text: str
    calls: tuple[ToolCall, ...]


def tool_call_message(call: ToolCall) -> dict[str, Any]:
    """An assistant message that holds one call, in OpenAI's form."""
    function = {"name": call.name, "arguments": call.arguments}
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"type": "function", "function": function}],
    }


def tool_message(name: str, text: str) -> dict[str, Any]:
    """A tool's result as a message."""
    return {"role": "tool", "name": name, "content": text}


def user_message(text: str) -> dict[str, Any]:
    """What a user says."""
    return {"role": "user", "content": text}


class ChatFormat:
    """A tokenizer's chat template, for the tools that episodes may be shown."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        tools: Sequence[Mapping[str, Any]],
        *,
        hears_user: bool = False,
    ) -> None:
        """Check the template's promises; with `hears_user`, those about a user's later messages.

        Raises:
            ChatFormatError: the template cannot be used for multi-turn training.
        """
        self.tokenizer = tokenizer
        self.tools = {str(tool["function"]["name"]): dict(tool) for tool in tools}
        """By name, in declared order."""
        if tokenizer.chat_template is None:
            raise ChatFormatError("the tokenizer has no chat template")
        if tokenizer.eos_token is None or tokenizer.pad_token_id is None:
            raise ChatFormatError("the tokenizer names no end-of-sequence or no padding token")
        self.end_id = int(tokenizer.eos_token_id)
        self._end = str(tokenizer.eos_token)
        self._control = sorted({str(t) for t in tokenizer.all_special_tokens}, key=len)[::-1]
        self._probe = _Probe(tools)
        prompt = self.render(self._probe.prompt, generation=True)
        self._prefix = self.encode(prompt)
        self.header_ids = self.encode(prompt.removeprefix(self.render(self._probe.prompt)))
        """What opens each turn."""
        self._feedback = lru_cache(CACHED_TEXTS)(self._feedback_ids)
        self._parsed = lru_cache(CACHED_TEXTS)(self._parse)
        self._prompts = lru_cache(CACHED_TEXTS)(self._prompt_ids)
        self._messages = lru_cache(CACHED_TEXTS)(self._message_ids)
        self._heard = lru_cache(CACHED_TEXTS)(self._user_ids)
        _check_promises(self, self._probe)
        if hears_user:  # many templates rewrite history then, which else harms nobody
            _check_user(self, self._probe)

    def encode(self, text: str) -> list[int]:
        """Token ids of text as it stands, nothing added."""
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def render(
        self,
        messages: Sequence[Message],
        *,
        generation: bool = False,
        shown: Sequence[str] | None = None,
    ) -> str:
        """The template's text; with `generation`, up to the header of the next turn.

        `shown` are the names of the tools it lists, in order; left out: all.
        """
        names = self.tools if shown is None else shown
        text = self.tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            tools=[self.tools[name] for name in names] or None,
            tokenize=False,
            add_generation_prompt=generation,
        )
        assert isinstance(text, str)
        return text

    def prompt_ids(
        self, messages: Sequence[Message], shown: Sequence[str] | None = None
    ) -> list[int]:
        """Ids of the first messages, with the tools shown, and the header of the first turn."""
        return list(self._prompts(json.dumps(messages), None if shown is None else tuple(shown)))

    def _prompt_ids(self, messages: str, shown: tuple[str, ...] | None) -> tuple[int, ...]:
        text = self.render(json.loads(messages), generation=True, shown=shown)
        return tuple(self.encode(text))

    def message_ids(self, message: Message) -> list[int]:
        """Ids of a given assistant message, as the model would have written it, end included."""
        return list(self._messages(json.dumps(message)))

    def _message_ids(self, message: str) -> tuple[int, ...]:
        before = self.render(self._probe.prompt, generation=True)
        after = self.render([*self._probe.prompt, json.loads(message)])
        return tuple(self.encode(self._through_end(after.removeprefix(before))))

    def feedback_ids(self, calls: Sequence[ToolCall], texts: Sequence[str]) -> tuple[int, ...]:
        """Ids that follow a turn: the results of its calls, and the header of the next turn."""
        return self._feedback(tuple(call.name for call in calls), tuple(texts))

    def _feedback_ids(self, names: tuple[str, ...], texts: tuple[str, ...]) -> tuple[int, ...]:
        call = tool_call_message(self._probe.call)
        call["tool_calls"] = call["tool_calls"] * len(names)
        results = [
            tool_message(self.defuse(name), self.defuse(text))
            for name, text in zip(names, texts, strict=True)
        ]
        history = [*self._probe.prompt, call]
        before = self._before_end(self.render(history))
        after = self.render([*history, *results], generation=True)
        return tuple(self.encode(after.removeprefix(before).removeprefix(self._end)))

    def user_ids(self, text: str) -> tuple[int, ...]:
        """Ids that follow a turn without calls: what the user replies, and the next turn's header."""
        return self._heard(text)

    def _user_ids(self, text: str) -> tuple[int, ...]:
        history = [*self._probe.prompt, self._probe.said]
        before = self._before_end(self.render(history))
        after = self.render([*history, user_message(self.defuse(text))], generation=True)
        return tuple(self.encode(after.removeprefix(before).removeprefix(self._end)))

    def defuse(self, text: str) -> str:
        """Text with a space inside each control token, so that data cannot open a turn."""
        for token in self._control:
            text = text.replace(token, f"{token[0]} {token[1:]}")
        return text

    def clip(self, text: str, max_tokens: int) -> str:
        """Text cut to its first `max_tokens` tokens.

        Of a long text only as much is read as that takes: a tool may return megabytes, which would
        hold up all other episodes for seconds.
        """
        if len(text.encode()) <= max_tokens:  # no token is shorter than a byte
            return text
        size, enough = max_tokens * LETTERS_PER_TOKEN, max_tokens + CUT_TOKENS
        while size < len(text):
            ids = self.encode(self.defuse(text[:size]))
            if len(ids) > enough:
                return str(self.tokenizer.decode(ids[:max_tokens]))
            size *= 2
        ids = self.encode(self.defuse(text))
        return text if len(ids) <= max_tokens else str(self.tokenizer.decode(ids[:max_tokens]))

    def parse(self, ids: Sequence[int]) -> ParsedTurn:
        """Read a turn as the model wrote it; a malformed call is text, never an error."""
        return self._parsed(tuple(ids))

    def _parse(self, ids: tuple[int, ...]) -> ParsedTurn:
        from trl.chat_template_utils import parse_response

        try:
            message: dict[str, Any] = parse_response(self.tokenizer, list(ids), prefix=self._prefix)
            calls = [call["function"] for call in message.get("tool_calls") or ()]
            read = tuple(ToolCall(_name(c["name"]), _arguments(c.get("arguments"))) for c in calls)
        except Exception:  # noqa: BLE001 -- hostile text, many parsers: what none reads is text
            text = str(self.tokenizer.decode(list(ids), skip_special_tokens=True))
            return ParsedTurn(text=text, calls=())
        return ParsedTurn(text=str(message.get("content") or ""), calls=read)

    def _through_end(self, text: str) -> str:
        return text[: text.rindex(self._end) + len(self._end)]

    def _before_end(self, text: str) -> str:
        return text[: text.rindex(self._end)]


def _name(value: Any) -> str:
    """A name as text that can be kept: an escape may have brought half a character."""
    return str(value).encode(errors="replace").decode()


def _arguments(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) and is_json(value) else None


class _Probe:
    """A small conversation with these tools, on which the promises are tried."""

    def __init__(self, tools: Sequence[Mapping[str, Any]]) -> None:
        self.prompt: list[Message] = [
            {"role": "system", "content": "You are asked."},
            {"role": "user", "content": "What is it?"},
        ]
        none: dict[str, Any] = {"name": "look", "parameters": {}}
        function = tools[0]["function"] if tools else none
        properties = function["parameters"].get("properties", {})
        self.call = ToolCall(str(function["name"]), dict.fromkeys(properties, "7"))
        self.result = "the 7th result"
        self.said: Message = {"role": "assistant", "content": "It is."}
        self.reply = "What is the 8th?"


def _check_promises(chat: ChatFormat, probe: _Probe) -> None:
    """Each promise in turn; the order is from cause to effect."""
    header = chat.render(probe.prompt, generation=True)
    call = tool_call_message(probe.call)
    turn = chat.render([*probe.prompt, call])
    if not turn.startswith(header):
        raise ChatFormatError(
            "the generation prompt is not what stands before an assistant turn: "
            + _first_difference(header, turn)
        )
    said = chat.render([*probe.prompt, probe.said])
    if said.removeprefix(header)[:1].isspace():
        raise ChatFormatError(
            "the generation prompt stops short: white space follows it in an assistant turn: "
            + _first_difference(header, said)
        )
    if chat.tokenizer.eos_token not in turn.removeprefix(header):
        raise ChatFormatError(
            f"an assistant turn does not end in the end token {chat.tokenizer.eos_token!r}"
        )
    if chat.encode(turn)[: len(chat.encode(header))] != chat.encode(header):
        raise ChatFormatError("tokens merge across the start of an assistant turn")
    _check_results(chat, probe, turn)
    _check_tools(chat, probe, turn.removeprefix(header))
    _check_parser(chat, probe)


def _check_results(chat: ChatFormat, probe: _Probe, turn: str) -> None:
    result = tool_message(probe.call.name, probe.result)
    history = [*probe.prompt, tool_call_message(probe.call), result]
    rendered = chat.render(history, generation=True)
    kept = turn[: turn.rindex(str(chat.tokenizer.eos_token))]
    if not rendered.startswith(kept):
        raise ChatFormatError(
            "the template is not prefix-preserving: a tool result changes the turn before it: "
            + _first_difference(kept, rendered)
        )
    if probe.result not in rendered:
        raise ChatFormatError("the template leaves tool results out")
    longer = chat.render([*history, tool_call_message(probe.call), result], generation=True)
    if not longer.startswith(rendered):
        raise ChatFormatError(
            "the template is not prefix-preserving: a later turn changes an earlier one: "
            + _first_difference(rendered, longer)
        )


def _check_user(chat: ChatFormat, probe: _Probe) -> None:
    """A user's message after turns of every kind leaves them as they were."""
    result = tool_message(probe.call.name, probe.result)
    history = [*probe.prompt, tool_call_message(probe.call), result, probe.said]
    said = chat.render(history)
    kept = said[: said.rindex(str(chat.tokenizer.eos_token))]
    rendered = chat.render([*history, user_message(probe.reply)], generation=True)
    if not rendered.startswith(kept):
        raise ChatFormatError(
            "the template is not prefix-preserving: a user's message changes the turns before it: "
            + _first_difference(kept, rendered)
        )
    if probe.reply not in rendered:
        raise ChatFormatError("the template leaves a user's later messages out")
    whole = [*history, user_message(probe.reply), probe.said]
    if not chat.render(whole).startswith(rendered):
        raise ChatFormatError(
            "the template is not prefix-preserving: a later turn changes a user's message: "
            + _first_difference(rendered, chat.render(whole))
        )


def _check_tools(chat: ChatFormat, probe: _Probe, turn: str) -> None:
    """What is appended to a prompt is rendered once, whichever tools the prompt lists."""
    shown = [probe.call.name] if chat.tools else []
    header = chat.render(probe.prompt, generation=True, shown=shown)
    other = chat.render([*probe.prompt, tool_call_message(probe.call)], shown=shown)
    if other.removeprefix(header) != turn:
        raise ChatFormatError(
            "a turn is written in another way where the prompt lists other tools: "
            + _first_difference(turn, other.removeprefix(header))
        )


def _check_parser(chat: ChatFormat, probe: _Probe) -> None:
    ids = chat.message_ids(tool_call_message(probe.call))
    if chat.parse(ids).calls != (probe.call,):
        raise ChatFormatError(
            f"a tool call written as {chat.tokenizer.decode(ids)!r} is not read back as one"
        )
    said = "It is <x>7</x>."
    ids = chat.message_ids({"role": "assistant", "content": said})
    if said not in chat.parse(ids).text:
        raise ChatFormatError("the text of a turn is not read back as it was written")


def _first_difference(expected: str, found: str) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b),
        min(len(expected), len(found)),
    )
    window = slice(max(0, at - 12), at + 24)
    return f"expected {expected[window]!r}, found {found[window]!r}"
