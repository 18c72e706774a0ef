"""A tool that works on the text files of an episode's folder."""

from __future__ import annotations

from typing import Literal

from mrlc.schemas.section import Identifier, Section


class FileTool(Section):
    """One action on a folder; the model names the file by its path inside the folder."""

    state: Identifier
    """Name under `environment.state`, of a folder."""
    action: Literal["read", "write", "list", "delete"]
    """`read` gives a file's text, `write` makes or replaces a file, `list` gives all paths."""
    path: Identifier = "path"
    """The parameter that holds the path; `list` takes none."""
    content: Identifier = "content"
    """The parameter that holds the text to write."""
