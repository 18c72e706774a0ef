"""A task: one row of a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Split = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Task:
    """One row, by the id that names it in records and seeds."""

    id: str
    """The row's `id` column as text, or its number in the file, from 0."""
    split: Split
    row: Mapping[str, Any]

    def value(self, path: str) -> Any:
        """The value at a column path such as `task.expected`.

        Raises:
            KeyError: the row has no such column.
        """
        value: Any = self.row
        for part in path.split(".")[1:]:
            value = value[part]
        return value
