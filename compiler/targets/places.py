"""places.json: where in the spec each value was written, for the messages of a container.

It is provenance.json without what belongs to a machine: no root, no text of a line, and each place
as it is read, `specs/desk.yaml:12:3`. A file is named from the project's root. Like provenance.json
it is in no digest: lines that move change it and nothing else, and a job is sent with the last.
"""

from __future__ import annotations

from mrlc.compiler.canonical import canonical
from mrlc.compiler.project import OVERRIDES
from mrlc.schemas.plan import Position, Provenance


def places(provenance: bytes) -> bytes:
    """The file, from a plan's provenance.json; the empty path is the spec itself."""
    found = Provenance.model_validate_json(provenance)
    shown = {path: _shown(position) for path, position in found.positions.items()}
    return canonical({"": f"{found.spec}:1:1", **shown})


def _shown(at: Position) -> str:
    return OVERRIDES if at.file == OVERRIDES else f"{at.file}:{at.line}:{at.column}"
