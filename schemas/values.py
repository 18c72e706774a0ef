"""The types of values in parameters and in the cells of tables."""

from __future__ import annotations

from typing import Literal

ValueType = Literal["string", "integer", "number", "boolean"]
CellType = Literal["string", "integer", "number", "boolean", "json"]
"""`json`: the cell is a JSON document; dates stay strings."""
