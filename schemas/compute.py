"""The back end `compute`: results worked out from the arguments, by formulas or a decision table."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from mrlc.schemas.formula import Formula
from mrlc.schemas.section import Identifier, Json, Section, TableFile
from mrlc.schemas.values import CellType


class DecisionRow(Section):
    """One row of a decision table in the spec."""

    when: dict[Identifier, Json] = {}
    """argument → condition: `gold`, `<= 100`, `10..20`, `a | b`; one not named may be anything."""
    then: Annotated[dict[Identifier, Json], Field(min_length=1)]
    """name → value, the outcome of the row."""


class DecisionTable(Section):
    """Rows of conditions, read from above: the first whose conditions all hold decides."""

    rows: Annotated[tuple[DecisionRow, ...], Field(min_length=1, max_length=1000)] | None = None
    """The rows, written here."""
    file: TableFile | None = None
    """The rows in a file, CSV or JSONL: a condition in each column of `when`, outcomes in the others."""
    when: tuple[Identifier, ...] | None = None
    """The columns of the file that are conditions, each named as its argument."""
    types: dict[str, CellType] = {}
    """Outcome column → type. A CSV cell is a string unless it is named here."""
    default: dict[Identifier, Json] | None = None
    """The outcome where no row decides; left out, the rows must cover every call."""

    @model_validator(mode="after")
    def _one_source(self) -> DecisionTable:
        if (self.rows is None) == (self.file is None):
            raise ValueError("give exactly one of `rows` and `file`")
        if (self.file is None) != (self.when is None):
            raise ValueError("`when` names the condition columns of `file`: give both or neither")
        if self.types and self.file is None:
            raise ValueError("`types` are those of a `file`; values of `rows` have their own")
        return self


class Compute(Section):
    """A pure function of the arguments, the task and earlier results, without code."""

    table: DecisionTable | None = None
    """Decides first; its outcomes are names that `returns` may use."""
    returns: dict[Identifier, Formula] | None = None
    """name → formula, in order; each may use those above it. Left out: the table's outcome."""

    @model_validator(mode="after")
    def _something(self) -> Compute:
        if self.table is None and not self.returns:
            raise ValueError("give `returns`, a `table`, or both")
        return self
