"""The provenance of each variant: the base's positions, and where its axes wrote.

The text of one position is spelled once for all variants; a variant's file is put together
from the pieces, byte for byte as `canonical` writes it.
"""

from __future__ import annotations

from mrlc.compiler.canonical import spelled
from mrlc.compiler.diagnostics import Span
from mrlc.compiler.provenance import position, walk
from mrlc.compiler.resolve import Resolved
from mrlc.compiler.sweep.base import Base
from mrlc.compiler.sweep.compile import CompiledVariant
from mrlc.compiler.tree import Keys, Node, Scalar, head


class Positions:
    """`provenance.json` for the variants of one base."""

    def __init__(self, base: Base) -> None:
        self.resolved = base.resolved(base.evaluated)
        pieces = (
            _piece(path, span, self.resolved, None) for path, span in walk(self.resolved.tree, ())
        )
        self.shared = dict(sorted(pieces))
        self.above = {at.rpartition(".")[0] for at in self.shared}
        self.known: dict[tuple[Keys, int], dict[str, str]] = {}
        spec = self.resolved.spec.relative_to(self.resolved.root).as_posix()
        self.tail = f'"root":{spelled(str(self.resolved.root))},"spec":{spelled(spec)}}}\n'

    def content(self, compiled: CompiledVariant) -> bytes:
        """The file of a variant."""
        pieces = dict(self.shared)
        for path, node in compiled.changes.items():
            key = ".".join(path)
            is_leaf = isinstance(node, Scalar)
            if key in self.above:
                pieces = {at: text for at, text in pieces.items() if not at.startswith(f"{key}.")}
            if key in compiled.variant.assigned or not is_leaf:
                pieces |= self.changed(path, node, is_axis=key in compiled.variant.assigned)
        if pieces.keys() != self.shared.keys():
            pieces = dict(sorted(pieces.items()))
        return f'{{"positions":{{{",".join(pieces.values())}}},{self.tail}'.encode()

    def changed(self, path: Keys, node: Node, *, is_axis: bool) -> dict[str, str]:
        """The pieces of one changed value; nodes of axes live as long as the sweep."""
        if is_axis and (path, id(node)) in self.known:
            return self.known[path, id(node)]
        origin = "axis" if is_axis else None
        spans = ((path, head(node)), *walk(node, path))
        pieces = dict(_piece(at, span, self.resolved, origin) for at, span in spans)
        if is_axis:
            self.known[path, id(node)] = pieces
        return pieces


def _piece(path: Keys, span: Span, resolved: Resolved, origin: str | None) -> tuple[str, str]:
    """A path, and its entry in the file."""
    key = ".".join(path)
    found = position(span, resolved, origin=origin).model_dump(mode="json")
    return key, f"{spelled(key)}:{spelled(found)}"
