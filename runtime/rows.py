"""Rows of a data file, in file order: JSONL keeps its types, a CSV cell is a string."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class BadRow(ValueError):
    """A line that is no row."""


def read_rows(path: Path) -> list[Row]:
    """All rows of a `.jsonl` or `.csv` file; blank lines are none.

    Raises:
        BadRow: a line is not a JSON object, or has more cells than the CSV's header.
        ValueError: the file is not UTF-8, or a line is not JSON.
    """
    return _read_csv(path) if path.suffix == ".csv" else _read_jsonl(path)


def _read_jsonl(path: Path) -> list[Row]:
    rows = []
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            row = json.loads(line)
            if not isinstance(row, dict):
                raise BadRow(f"line {number} is not a JSON object")
            rows.append(row)
    return rows


def _read_csv(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows: list[Row] = []
        for row in reader:
            if None in row:
                raise BadRow(f"line {reader.line_num} has more cells than the header")
            rows.append(row)
    return rows
