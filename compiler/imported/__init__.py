"""A project written from an export of the tools that ship: `mrlc init --from-tools`.

    tools that ship ─▶ values (what a spec can say) ─▶ tools, tables ─▶ spec and data

What a spec cannot say is not lost in silence: it is a `Note` with its place in the export.
"""

from mrlc.compiler.imported.note import Note, listed
from mrlc.compiler.imported.project import TooLarge, imported_project

__all__ = ["Note", "TooLarge", "imported_project", "listed"]
