"""A plot's combinations, in order: which are kept, what they are called, why others are not.

The grid comes in the order in which its axes are written, the last changing fastest; then the
named variants. Sampling goes by the digest of a combination's values, so that it depends on
nothing but them and the seed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Span
from mrlc.compiler.sweep import naming
from mrlc.compiler.sweep.axes import Assigned, Exclusion, Plot, spelled
from mrlc.compiler.tree import Scalar, Source

MAX_COMBINATIONS = 200_000
"""Looked at, before exclusion and sampling."""
MAX_VARIANTS = 10_000


@dataclass(frozen=True)
class Variant:
    """One experiment of a sweep."""

    number: int
    """From 1, in order."""
    label: str
    slug: str
    """Its folder."""
    name: str
    """Of its experiment."""
    assigned: Assigned


@dataclass(frozen=True)
class Left:
    """Combinations that are left out, and why."""

    count: int
    reason: str
    span: Span | None


@dataclass(frozen=True)
class Expansion:
    """The variants of a sweep, and what it leaves out."""

    variants: tuple[Variant, ...]
    left: tuple[Left, ...]


def expand(plot: Plot, experiment: str) -> Expansion:
    """The variants of the experiment of that name.

    Raises:
        CompileFailed: there is none, there are too many, or an exclusion fits none.
    """
    size = prod(len(axis.points) for axis in plot.axes) if plot.axes else 0
    if size > MAX_COMBINATIONS:
        message = f"the axes have {size:,} combinations; at most {MAX_COMBINATIONS:,} are tried"
        raise CompileFailed([Diagnostic("MRLC407", message, plot.span, path="sweep")])
    grid, left = _without_excluded(plot)
    if plot.sample is not None and len(grid) > plot.sample.count:
        reason = f"not in the sample of {plot.sample.count}"
        left.append(Left(len(grid) - plot.sample.count, reason, None))
        grid = _sampled(grid, plot.sample.count, plot.sample.seed)
    count = len(grid) + len(plot.named)
    if not count:
        message = "every combination of the sweep is excluded"
        raise CompileFailed([Diagnostic("MRLC406", message, plot.span, path="sweep")])
    if count > MAX_VARIANTS:
        message = f"the sweep has {count:,} variants; at most {MAX_VARIANTS:,} are compiled"
        help = f"keep some: sample: {{count: {MAX_VARIANTS // 10}, seed: 0}}"
        raise CompileFailed([Diagnostic("MRLC407", message, plot.span, help=help, path="sweep")])
    return Expansion(tuple(_named(grid, plot, experiment)), tuple(left))


def _without_excluded(plot: Plot) -> tuple[list[Assigned], list[Left]]:
    """The combinations that no exclusion fits; the first that fits one counts it."""
    tests = [
        {path: spelled(node) for path, node in exclusion.assigned.items()}
        for exclusion in plot.exclusions
    ]
    spellings = {
        id(node): spelled(node) for axis in plot.axes for point in axis.points for node in point
    }
    kept, counts, fitting = [], Counter[int](), Counter[int]()
    for assigned in _grid(plot):
        hits = [
            index
            for index, test in enumerate(tests)
            if all(spellings[id(assigned[path])] == text for path, text in test.items())
        ]
        fitting.update(hits)
        if hits:
            counts[hits[0]] += 1
        else:
            kept.append(assigned)
    if idle := [item for index, item in enumerate(plot.exclusions) if not fitting[index]]:
        raise CompileFailed(_idle(item) for item in idle)
    left = [
        Left(counts[index], f"excluded: {_said(item)}", item.span)
        for index, item in enumerate(plot.exclusions)
    ]
    return kept, left


def _grid(plot: Plot) -> Iterator[Assigned]:
    if not plot.axes:
        return
    for points in product(*(axis.points for axis in plot.axes)):
        yield {
            path: node
            for axis, point in zip(plot.axes, points, strict=True)
            for path, node in zip(axis.paths, point, strict=True)
        }


def _idle(exclusion: Exclusion) -> Diagnostic:
    message = "no combination has these values, so nothing is excluded"
    return Diagnostic("MRLC405", message, exclusion.span, path="sweep.exclude")


def _said(exclusion: Exclusion) -> str:
    return naming.label(exclusion.assigned, naming.short_paths(exclusion.assigned))


def _sampled(grid: list[Assigned], count: int, seed: int) -> list[Assigned]:
    """The combinations of least digest, in the order of the grid."""

    def rank(index: int) -> bytes:
        values = sorted((path, spelled(node)) for path, node in grid[index].items())
        return hashlib.sha256(f"{seed}\0{values}".encode()).digest()

    return [grid[index] for index in sorted(sorted(range(len(grid)), key=rank)[:count])]


def _named(grid: list[Assigned], plot: Plot, experiment: str) -> Iterator[Variant]:
    """The variants with their names, of which no two are equal."""
    short = naming.short_paths(path for axis in plot.axes for path in axis.paths)
    slugs = [naming.slug(assigned, short) for assigned in grid]
    taken = Counter([*slugs, *plot.named])
    for number, (assigned, slug) in enumerate(zip(grid, slugs, strict=True), start=1):
        if taken[slug] > 1:
            slug = naming.with_digest(slug, assigned, room=naming.MAX_SLUG)
        name = naming.full_name(experiment, slug, assigned)
        yield Variant(number, naming.label(assigned, short), slug, name, assigned)
    for number, (label, assigned) in enumerate(plot.named.items(), start=len(grid) + 1):
        name = naming.full_name(experiment, label, {"sweep.variants": _text(label), **assigned})
        yield Variant(number, label, label, name, assigned)


def _text(text: str) -> Scalar:
    return Scalar(text, Span("", 1, 1, 1, 1), Source("", ()))
