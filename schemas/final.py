"""Probes: what is read of an episode's state when it is over."""

from __future__ import annotations

from pydantic import model_validator

from mrlc.schemas.section import Identifier, Section


class Probe(Section):
    """One reading of a state, after the last turn; rewards and scorers compare it."""

    state: Identifier
    """Name under `environment.state`."""
    read: str | None = None
    """A SELECT on a database, with the task's columns as `:column`; the result is its rows."""
    read_files: str | None = None
    """A pattern of paths in a folder, where `*` is any text; the result is path → text."""
    single: bool = False
    """Whether the result is the first row, null without one, in place of the list of rows."""

    @model_validator(mode="after")
    def _one_reading(self) -> Probe:
        if (self.read is None) == (self.read_files is None):
            raise ValueError("give exactly one of `read` and `read_files`")
        if self.single and self.read is None:
            raise ValueError("`single` is for rows: it has no effect on `read_files`")
        return self
