"""A spec resolved, once for each model and held-out split that it or a variant of it names.

What pins names needs no plan: a spec that lacks a pin has none yet.
"""

from __future__ import annotations

from pathlib import Path

from mrlc.compiler.diagnostics import fail_on
from mrlc.compiler.resolve import Resolved, merge
from mrlc.compiler.sweep.axes import read
from mrlc.compiler.sweep.base import Base
from mrlc.compiler.sweep.expand import expand

PINNED = ("model", "data")
"""Sections that name what is pinned."""


def resolved_variants(path: Path) -> list[Resolved]:
    """The resolved spec, and the variants of its sweep that change what is pinned.

    Raises:
        CompileFailed: a file, the sweep or an expression has faults.
    """
    merged = merge(path)
    fail_on(merged.faults)
    if "sweep" not in merged.tree.entries:
        found = [merged.resolved()]
    else:
        base = Base(merged)
        overlaid = map(base.overlaid, expand(read(merged.tree), "variant").variants)
        found = [base.resolved(base.evaluated)]
        found += [
            base.resolved(one.evaluated)
            for one in overlaid
            if any(changed[0] in PINNED for changed in one.changes)
        ]
    for resolved in found:
        fail_on(resolved.evaluated.faults)
    return found
