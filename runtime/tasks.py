"""The tasks of a split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.json_values import dumps
from mrlc.runtime.rows import Row, read_rows
from mrlc.runtime.task import Split, Task
from mrlc.schemas import Experiment


def load_tasks(experiment: Experiment, inputs: Path, split: Split) -> list[Task]:
    """One task a row, in file order; paths are relative to `inputs`.

    Raises:
        PlanFault: the file cannot be read as rows.
    """
    name: str = getattr(experiment.data, split)
    try:
        rows = read_rows(inputs / name)
    except (OSError, ValueError) as error:
        raise PlanFault(f"data.{split}", f"{name} cannot be read: {error}") from error
    return [Task(_id(row, number), split, row) for number, row in enumerate(rows)]


def _id(row: Row, number: int) -> str:
    """The `id` column as text; where there is none, or it is null or empty, the row's number."""
    value: Any = row.get("id")
    if value is None or value == "":
        return str(number)
    return value if isinstance(value, str) else dumps(value)
