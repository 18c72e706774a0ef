"""Regular expressions of a spec on texts that a model wrote, with an end to every match.

A backtracking match may take exponential time, `(\\w+\\s?)*$` on thirty letters takes minutes, and
while it runs all episodes stand still. So texts are bounded and so is the time of one match; a text
that takes longer matches no more than one that does not. The syntax is Python's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

LONGEST = 4_000
"""Characters of a text that a pattern is tried on; a longer one does not match."""
TIME_S = 0.5
"""Of one match; what ends at all ends in microseconds."""


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern."""

    pattern: str

    @cached_property
    def _compiled(self) -> Any:
        import regex  # `re` cannot be stopped

        return regex.compile(self.pattern)

    def is_in(self, text: str) -> bool:
        """Whether it matches somewhere."""
        return self._found("search", text)

    def is_all(self, text: str) -> bool:
        """Whether it matches the whole text."""
        return self._found("fullmatch", text)

    def _found(self, how: str, text: str) -> bool:
        if len(text) > LONGEST:
            return False
        try:
            return getattr(self._compiled, how)(text, timeout=TIME_S) is not None
        except TimeoutError:
            return False
