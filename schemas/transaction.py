"""Steps of a transaction: statements that all happen, or none of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from mrlc.schemas.section import Json, Section

DEFAULT_ELSE = {"error": "refused"}
Requirement = Annotated[
    str, Field(pattern=r"^(rows|changes) (==|!=|>=|<=|>|<) (0|[1-9][0-9]{0,5})$")
]
"""`rows >= 1` of a `read`, `changes == 1` of a `write`."""


class Step(Section):
    """One statement, and what must hold after it; if it does not, no step has happened."""

    read: str | None = None
    """A SELECT; its first row's columns are `:column` in later steps, null without a row."""
    write: str | None = None
    """An INSERT, UPDATE or DELETE; RETURNING gives columns to later steps as `read` does."""
    require: Requirement | None = None
    """What must hold, as in `rows >= 1` for a `read` or `changes == 1` for a `write`."""
    else_: Json = Field(default=DEFAULT_ELSE, alias="else")
    """The result when `require` does not hold: an error of the tool itself."""

    @model_validator(mode="after")
    def _one_statement(self) -> Step:
        if (self.read is None) == (self.write is None):
            raise ValueError("give exactly one of `read` and `write`")
        kind = "rows" if self.read is not None else "changes"
        if self.require is not None and not self.require.startswith(kind):
            raise ValueError(f"a `{'read' if kind == 'rows' else 'write'}` requires `{kind}`")
        if self.else_ != DEFAULT_ELSE and self.require is None:
            raise ValueError("`else` has no effect without `require`")
        return self
