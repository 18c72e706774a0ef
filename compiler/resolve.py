"""Spec to resolved tree: bases merged, overrides laid over, expressions evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mrlc.compiler.diagnostics import Diagnostic, fail_on
from mrlc.compiler.extend import load
from mrlc.compiler.override import apply
from mrlc.compiler.project import OVERRIDES, find_root
from mrlc.compiler.tree import Mapping
from mrlc.compiler.variables import Evaluated, evaluate, unused


@dataclass(frozen=True)
class Resolved:
    """A spec without `extends`, `vars` and expressions, every value with its place."""

    evaluated: Evaluated
    spec: Path
    """Absolute, without symbolic links."""
    root: Path

    @property
    def tree(self) -> Mapping:
        """The resolved values."""
        return self.evaluated.tree

    def origin(self, file: str) -> str:
        """What kind of text a span's file is: `spec`, `base` or `override`."""
        if file == OVERRIDES:
            return "override"
        return "spec" if file == str(self.spec) else "base"


@dataclass(frozen=True)
class Merged:
    """A spec over its bases and under its overrides, as written: `vars` and `sweep` included."""

    tree: Mapping
    spec: Path
    root: Path
    faults: tuple[Diagnostic, ...]
    """Of the text, those that leave a tree to look at: a key twice, a number that is none."""
    warnings: tuple[Diagnostic, ...]
    """Variables without a use."""

    @property
    def experiment(self) -> Mapping:
        """The tree without its sweep."""
        return self.tree.without("sweep")

    def resolved(self) -> Resolved:
        """The experiment, evaluated."""
        return Resolved(self.of(evaluate(self.experiment)), self.spec, self.root)

    def of(self, evaluated: Evaluated) -> Evaluated:
        """An evaluated tree with the faults of the text among its own."""
        return replace(evaluated, faults=(*self.faults, *evaluated.faults))


def merge(path: Path, overrides: Sequence[str] = ()) -> Merged:
    """The merged tree of a spec.

    Raises:
        CompileFailed: a file cannot be read, or an override has faults.
    """
    spec = path.resolve()
    root = find_root(spec)
    written, faults = load(spec, root)
    tree = apply(written, overrides)
    return Merged(tree, spec, root, tuple(faults), tuple(unused(tree, str(spec))))


def resolve(path: Path, overrides: Sequence[str] = ()) -> Resolved:
    """The resolved tree of a spec, its sweep left aside.

    Raises:
        CompileFailed: a file or an override has faults.
    """
    merged = merge(path, overrides)
    fail_on(merged.faults)
    return merged.resolved()
