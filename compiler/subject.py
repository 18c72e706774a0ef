"""What a rule looks at: a spec that fits the schema, with the tree and the files behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mrlc.compiler.diagnostics import Span
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
from mrlc.schemas.section import Unsound

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

    def split_file(self, split: str) -> InputFile:
        """The file of a split, by the split's name."""
        return self.files[getattr(self.experiment.data, split)]

    def select(self, pattern: Keys) -> Iterator[tuple[Keys, Node]]:
        """Every node of the tree whose path fits a pattern."""
        return select(self.tree, pattern)

    def splits(self) -> Iterator[tuple[str, Table]]:
        """The tables of the three splits, by name; of a salvaged spec the sound ones.

        Raises:
            Unsound: at the end, where one is at fault: what was seen is not all there is.
        """
        unsound = []
        for split in SPLITS:
            try:
                table = self.split_file(split).table
            except Unsound as error:
                unsound.append(error)
            else:
                yield split, table
        if unsound:
            raise unsound[0]
