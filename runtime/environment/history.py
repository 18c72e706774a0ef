"""What an episode has seen: its calls in order, and the texts that the model was shown.

The calls of one turn count in the order the model wrote them, though they may run together: who
looks at the history waits until all calls before its own are done. So a look never depends on
which of two calls was the faster.

A value has been *shown* if it stands in the opening messages, or in the result of an earlier call
that was not refused: as a value by itself, or as a whole word of a text. `J1` is not shown by `J12`. A text of more than `MAX_WORD` characters is shown by itself
alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from mrlc.runtime.environment.keys import fold
from mrlc.runtime.json_values import dumps, loads

MAX_WORD = 200
"""Characters of what is looked for within a text."""


class Call:
    """A call of the episode; its result is there when it is done."""

    def __init__(self, tool: str, index: int) -> None:
        self.tool = tool
        self.index = index
        """Among the episode's calls, from 0."""
        self.text: str | None = None
        """What the model is shown, where the tool itself answered."""
        self.is_done = asyncio.Event()

    @cached_property
    def value(self) -> Any:
        """The result as JSON; a text that is no JSON is itself."""
        if self.text is None:
            return None
        try:
            return loads(self.text)
        except ValueError:
            return self.text


class History:
    """The calls of one episode."""

    def __init__(self, opening: Callable[[], Sequence[str]] = tuple) -> None:
        self._opening = opening
        self._calls: list[Call] = []

    @cached_property
    def _texts(self) -> Sequence[str]:
        return self._opening()

    @contextmanager
    def call(self, tool: str) -> Iterator[Call]:
        """A call from its beginning to its end."""
        call = Call(tool, len(self._calls))
        self._calls.append(call)
        try:
            yield call
        finally:
            call.is_done.set()

    async def before(self, call: Call) -> Past:
        """What came before a call, once all of it is done."""
        for earlier in self._calls[: call.index]:
            await earlier.is_done.wait()
        answered = [one for one in self._calls[: call.index] if one.text is not None]
        return Past(answered, self._texts)


class Past:
    """What came before one call."""

    def __init__(self, calls: Sequence[Call], opening: Sequence[str] = ()) -> None:
        self._calls = calls
        self._opening = opening

    def calls(self, tool: str | None = None) -> int:
        """How many calls were answered, of one tool or of any."""
        return sum(tool in (None, call.tool) for call in self._calls)

    def last(self, tool: str) -> Any:
        """The latest result of a tool, or null."""
        return next((call.value for call in reversed(self._calls) if call.tool == tool), None)

    def shown(self, value: Any, normalise: Sequence[str] = ()) -> bool:
        """Whether the model was shown a value."""
        word = _spelled(fold(value, normalise))
        if any(_has_word(fold(text, normalise), word) for text in self._opening):
            return True
        return any(
            _has_word(fold(scalar, normalise), word)
            if isinstance(scalar, str)
            else _spelled(scalar) == word
            for call in self._calls
            for scalar in _scalars(call.value)
        )


def _has_word(text: str, word: str) -> bool:
    """Whether a word stands in a text with no letter or digit beside it; a long one, whether it is all.

    Word and text may be the model's own, `a!a!…` in a file of `a!a!…`, where each place is a near miss.
    """
    if len(word) > MAX_WORD:
        return text == word
    start = text.find(word) if word else -1
    while start >= 0:
        end = start + len(word)
        if not (_is_letter(text[start - 1 : start]) or _is_letter(text[end : end + 1])):
            return True
        start = text.find(word, start + 1)
    return False


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"


def _spelled(value: Any) -> str:
    """A value as a text would write it; null is never shown."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _scalars(value: Any) -> Iterator[Any]:
    """Every value in a JSON value that holds no other."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            pending += one.values()
        elif isinstance(one, list):
            pending += one
        elif one is not None:
            yield one
