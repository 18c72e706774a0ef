"""Where every value of an experiment was written, for messages after the compile."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mrlc.compiler.diagnostics import Span
from mrlc.compiler.project import OVERRIDES
from mrlc.compiler.resolve import Resolved
from mrlc.compiler.tree import Keys, Node, Scalar, children
from mrlc.schemas.plan import Position, Provenance


def provenance(resolved: Resolved) -> Provenance:
    """The positions of all leaves and sections that were written; of a section, its key."""
    positions = {".".join(path): position(span, resolved) for path, span in walk(resolved.tree, ())}
    spec = resolved.spec.relative_to(resolved.root).as_posix()
    return Provenance(root=str(resolved.root), spec=spec, positions=positions)


def walk(node: Node, at: Keys) -> Iterator[tuple[Keys, Span]]:
    """Every path below a node, and what is shown for it."""
    for key, value, name in children(node):
        path = (*at, key)
        yield path, value.span if isinstance(value, Scalar) else name
        yield from walk(value, path)


def position(span: Span, resolved: Resolved, *, origin: str | None = None) -> Position:
    """A span as the plan keeps it."""
    file = span.file if span.file == OVERRIDES else os.path.relpath(span.file, resolved.root)
    return Position.model_validate(
        {
            "file": file,
            "line": span.line,
            "column": span.column,
            "end_column": span.last_column,
            "text": span.text,
            "origin": origin or resolved.origin(span.file),
        }
    )
