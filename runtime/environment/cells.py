"""Cells of a table as JSON values: a CSV cell is a string unless its column has a type."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from mrlc.runtime.json_values import MAX_DIGITS, loads
from mrlc.runtime.rows import Row

_INTEGER = re.compile(rf"[+-]?[0-9]{{1,{MAX_DIGITS}}}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "false": False}
_NO_VALUE = object()


def typed_row(
    raw: Row, number: int, *, types: Mapping[str, str], null_values: Collection[str]
) -> Row:
    """A CSV row with its nulls and the types that the spec gives.

    Raises:
        ValueError: a cell is not of its column's type.
    """
    row: Row = {}
    for column, cell in raw.items():
        if cell is None or cell in null_values:
            row[column] = None
            continue
        kind = types.get(column, "string")
        value = _read(cell, kind)
        if value is _NO_VALUE:
            raise ValueError(f"row {number}: `{column}` is `{cell}`, which is no {kind}")
        row[column] = value
    return row


def read_cell(cell: str, kind: str) -> Any:
    """The cell as a value of this type, or None where it is none."""
    value = _read(cell, kind)
    return None if value is _NO_VALUE else value


def _read(cell: str, kind: str) -> Any:
    text = cell.strip()
    if kind == "string":
        return cell
    if kind == "json":
        return _document(text)
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), _NO_VALUE)
    if _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return _NO_VALUE


def _document(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return _NO_VALUE
