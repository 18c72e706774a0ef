"""What the schema cannot say: checks across sections and against the files.

A check is a function from a `Subject` to its faults, in a module of this package; `@check`
registers it, and `run` finds the modules by itself. Checks are independent of one another
and of their order. They see only specs that fit the schema and name files that exist.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from mrlc.compiler.diagnostics import Diagnostic, Span
from mrlc.compiler.files import InputFile, Table
from mrlc.compiler.tree import (
    Keys,
    Mapping,
    Node,
    Scalar,
    find,
    name_span,
    select,
    value_span,
)
from mrlc.schemas import Experiment

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Subject:
    """A spec that fits the schema, with the tree and the files behind it."""

    experiment: Experiment
    tree: Mapping
    files: dict[str, InputFile]

    def name(self, path: str) -> Span:
        """The key of a value, by dotted path."""
        return name_span(self.tree, tuple(path.split(".")))

    def value(self, path: str) -> Span:
        """A value, by dotted path; the nearest key above where it is a default."""
        return value_span(self.tree, tuple(path.split(".")))

    def scalar(self, path: str) -> Scalar | None:
        """A scalar as written, or None where it is a default."""
        node = find(self.tree, tuple(path.split(".")))
        return node if isinstance(node, Scalar) else None

    def select(self, pattern: Keys) -> Iterator[tuple[Keys, Node]]:
        """Every node of the tree whose path fits a pattern."""
        return select(self.tree, pattern)

    def splits(self) -> Iterator[tuple[str, Table]]:
        """The tables of the three splits, by name."""
        for split in SPLITS:
            yield split, self.files[getattr(self.experiment.data, split)].table


Check = Callable[[Subject], Iterable[Diagnostic]]
_CHECKS: list[Check] = []


def check(function: Check) -> Check:
    """Register a check."""
    _CHECKS.append(function)
    return function


def run(subject: Subject) -> list[Diagnostic]:
    """The faults that all checks find."""
    return [fault for one in checks() for fault in one(subject)]


@cache
def checks() -> tuple[Check, ...]:
    """Every check."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(_CHECKS)
