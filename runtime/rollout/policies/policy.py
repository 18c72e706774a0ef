"""The protocol of a policy: sequences that grow by what is said to them and what they write.

Episodes are run in a session, which holds what they share (a cache, a batch) and gives it back
when it ends. Each episode has one `Sequence` there: it is fed token ids, and writes the ids of one
turn with their log-probabilities. A sequence remembers what it was fed: nothing is fed twice. The
session decides who is served together; a sequence that waits for a tool holds up nobody else.
"""

from __future__ import annotations

from collections import abc
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Written:
    """What a policy wrote in one turn."""

    ids: tuple[int, ...]
    """Token ids, with the end token where it was reached; never empty."""
    logprobs: tuple[float, ...]
    """Natural log-probability of each id under the distribution it was sampled from."""
    has_ended: bool
    """Whether the turn ended by itself rather than at its limit."""


class Sequence(Protocol):
    """One episode's growing sequence of token ids."""

    async def write(self, ids: abc.Sequence[int], *, max_tokens: int) -> Written:
        """Append `ids`, then write one turn of at most `max_tokens` tokens, and append it."""
        ...

    def close(self) -> None:
        """Release what the sequence holds; closing twice is allowed."""
        ...


class Session(Protocol):
    """The sequences of episodes that run together."""

    def open(self, seed: int) -> Sequence:
        """A new sequence, whose samples depend on its seed alone."""
        ...


class Policy(Protocol):
    """Something that acts."""

    @property
    def context(self) -> int:
        """Tokens that a sequence may have."""
        ...

    def session(self, width: int) -> AbstractAsyncContextManager[Session]:
        """A session in which at most `width` sequences are open at once."""
        ...
