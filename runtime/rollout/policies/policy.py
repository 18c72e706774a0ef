"""The protocol of a policy: sequences that grow by what is said to them and what they write.

A policy opens one `Sequence` an episode, all episodes of a wave together, so that it can
batch them. The engine feeds a sequence token ids, and gets back the ids of one turn with
their log-probabilities. A sequence remembers what it was fed: nothing is ever fed twice.
"""

from __future__ import annotations

from collections import abc
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


class Policy(Protocol):
    """Something that acts."""

    @property
    def context(self) -> int:
        """Tokens that a sequence may have."""
        ...

    def open(self, seeds: abc.Sequence[int]) -> list[Sequence]:
        """One sequence for each seed; a sequence's samples depend on its own seed alone."""
        ...
