"""`extends`: a spec built on others.

Bases come first, in the order they are listed, then the spec itself. Mappings merge key by
key; anything else replaces what was there. Every value keeps the span of the file that wrote
it, and that span's file says whether it came from the spec or from a base.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Label, Span
from mrlc.compiler.project import PathFault, locate
from mrlc.compiler.source import as_source, parse, read_text
from mrlc.compiler.tree import Entry, Mapping, Node, Scalar, Sequence

MAX_FILES = 64


def load(spec: Path, root: Path) -> tuple[Mapping, list[Diagnostic]]:
    """The tree of a spec with all its bases merged, without `extends`, and faults of its text.

    Raises:
        CompileFailed: a file is missing or broken, or files extend one another in a circle.
    """
    loader = _Loader(spec, root)
    try:
        return loader.load(spec, ()), loader.faults
    except CompileFailed as error:
        raise CompileFailed([*loader.faults, *error.diagnostics]) from None


class _Loader:
    def __init__(self, spec: Path, root: Path) -> None:
        self.spec = spec
        self.root = root
        self.files = 0
        self.faults: list[Diagnostic] = []
        """Those that stop nothing, of all files."""

    def load(self, file: Path, chain: tuple[tuple[Path, Span], ...]) -> Mapping:
        """One file over its bases; `chain` holds the files that led here."""
        text = read_text(file)
        tree = parse(text, as_source(text, str(file)), self.faults)
        if not isinstance(tree, Mapping):
            found = "is empty" if tree is None else "is not a mapping of sections"
            span = tree.span if tree else Span(str(file), 1, 1, 1, 1)
            raise CompileFailed(
                [Diagnostic("MRLC103", f"the spec {found}", span, help="start with `mrlc: v1`")]
            )
        merged: Mapping = replace(tree, entries={})
        faults: list[Diagnostic] = []
        for scalar in _listed(tree, faults):
            try:
                merged = merge(merged, self.base(scalar, file, chain))
            except CompileFailed as error:
                faults += error.diagnostics
        if faults:
            raise CompileFailed(faults)
        return merge(merged, tree.without("extends"))

    def base(self, scalar: Scalar, file: Path, chain: tuple[tuple[Path, Span], ...]) -> Mapping:
        try:
            target = locate(self.root, scalar, spec=self.spec, path="extends")
        except PathFault as error:
            raise CompileFailed([replace(error.diagnostic, code="MRLC306")]) from None
        chain = (*chain, (file, scalar.span))
        self.files += 1
        if circle := [span for above, span in chain if above == target]:
            first = (Label(circle[0], "which extends others here"),) if len(chain) > 1 else ()
            message = f"`{scalar.value}` extends itself"
            fault = Diagnostic("MRLC306", message, scalar.span, "back to a file above", first)
            raise CompileFailed([replace(fault, path="extends")])
        if self.files > MAX_FILES:
            message = f"a spec is built on at most {MAX_FILES} files"
            raise CompileFailed([Diagnostic("MRLC306", message, scalar.span, path="extends")])
        if not target.is_file():
            message = f"`{scalar.value}` is not a file"
            raise CompileFailed([Diagnostic("MRLC306", message, scalar.span, path="extends")])
        return self.load(target, chain)


def _listed(tree: Mapping, faults: list[Diagnostic]) -> list[Scalar]:
    """The files under `extends`, one or a list."""
    if "extends" not in tree.entries:
        return []
    node = tree.entries["extends"].value
    items = node.items if isinstance(node, Sequence) else (node,)
    files = [item for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
    for item in items:
        if item not in files:
            message = "`extends` lists files, as text"
            faults.append(Diagnostic("MRLC202", message, item.span, path="extends"))
    return files


def merge(base: Mapping, over: Mapping) -> Mapping:
    """`over` on top of `base`."""
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        below = entries.get(key)
        value: Node = entry.value
        if below and isinstance(below.value, Mapping) and isinstance(value, Mapping):
            value = merge(below.value, value)
        entries[key] = Entry(entry.key, value)
    return replace(over, entries=entries, is_whole=base.is_whole and over.is_whole)
