"""The page of a code: why it matters, what to write, and both shown."""

from __future__ import annotations

from dataclasses import dataclass

from mrlc.compiler.example import Example


@dataclass(frozen=True)
class Page:
    """What `mrlc explain CODE` says besides the code's name and summary."""

    why: str
    """Paragraphs: the harm, then what to write."""
    bad: Example | None = None
    """Edits of the example project that raise this code and no other; None where no spec can."""
    good: Example = ()
    """Edits that say the same rightly, and raise nothing."""
