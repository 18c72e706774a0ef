"""The provenance of each variant: the base's positions, and where its axes wrote.

The text of one position is spelled once for all variants; a variant's file is put together
from the pieces, byte for byte as `canonical` writes it.
"""

from __future__ import annotations

import json

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
        self.shared = {
            ".".join(path): _piece(span, self.resolved, None)
            for path, span in walk(self.resolved.tree, ())
        }
        self.known: dict[tuple[Keys, int], dict[str, str]] = {}
        spec = self.resolved.spec.relative_to(self.resolved.root).as_posix()
        self.tail = f'"root":{_spelled(str(self.resolved.root))},"spec":{_spelled(spec)}}}\n'

    def content(self, compiled: CompiledVariant) -> bytes:
        """The file of a variant."""
        pieces = dict(self.shared)
        for path, node in compiled.changes.items():
            key = ".".join(path)
            if not _is_leaf(node):
                pieces = {at: text for at, text in pieces.items() if not at.startswith(f"{key}.")}
            if key in compiled.variant.assigned or not _is_leaf(node):
                pieces |= self.changed(path, node, is_axis=key in compiled.variant.assigned)
        found = ",".join(f"{_spelled(at)}:{pieces[at]}" for at in sorted(pieces))
        return f'{{"positions":{{{found}}},{self.tail}'.encode()

    def changed(self, path: Keys, node: Node, *, is_axis: bool) -> dict[str, str]:
        """The pieces of one changed value; nodes of axes live as long as the sweep."""
        if is_axis and (path, id(node)) in self.known:
            return self.known[path, id(node)]
        origin = "axis" if is_axis else None
        pieces = {
            ".".join(at): _piece(span, self.resolved, origin)
            for at, span in ((path, head(node)), *walk(node, path))
        }
        if is_axis:
            self.known[path, id(node)] = pieces
        return pieces


def _is_leaf(node: Node) -> bool:
    return isinstance(node, Scalar)


def _piece(span: Span, resolved: Resolved, origin: str | None) -> str:
    return _spelled(position(span, resolved, origin=origin).model_dump(mode="json"))


def _spelled(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
