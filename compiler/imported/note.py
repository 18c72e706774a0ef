"""What of an export a spec cannot say, and where it stands there.

An export is another's text. A note quotes it in ASCII, short and on one line, so that no name
in it can break out of a comment or move a terminal's cursor.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

_QUOTED = 60
"""Characters shown of a quoted value."""
_PLACE = 160


class Note(NamedTuple):
    """One difference between a tool that ships and the tool of the spec."""

    tool: str
    """Its name in the spec, which is safe to print."""
    place: str
    """JSON pointer."""
    text: str
    breaks_pin: bool = False
    """Whether the rules would call the tool another than the one that ships."""

    def __str__(self) -> str:
        return f"{plain(self.place, limit=_PLACE)}: {self.text}"


class Notes:
    """Collects the notes of one tool."""

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.found: list[Note] = []

    def add(self, place: str, text: str, *, breaks_pin: bool = False) -> None:
        """Enter a note."""
        self.found.append(Note(self.tool, place, text, breaks_pin))


def plain(text: str, *, limit: int = _QUOTED) -> str:
    """Text in ASCII without control characters, the middle of a long one left out."""
    shown = json.dumps(text)[1:-1].replace("\x7f", "\\u007f")
    half = (limit - 3) // 2
    return shown if len(shown) <= limit else f"{shown[:half]}...{shown[-half:]}"


def quoted(value: Any) -> str:
    """A value of the export, to be read in a sentence."""
    return f"`{plain(value if isinstance(value, str) else json.dumps(value))}`"


def listed(notes: Sequence[Note], limit: int) -> list[str]:
    """A line for each of the first notes, and one that counts the rest."""
    lines = [str(note) for note in notes[:limit]]
    rest = len(notes) - limit
    return [*lines, f"... and {rest} more"] if rest > 0 else lines
