"""A component that looks at what was done, not at what was said."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.components import Paid
from mrlc.schemas.section import ColumnPath, Identifier


class FinalState(Paid):
    """The share of the episode's final state that is as expected, whatever was answered."""

    kind: Literal["final_state"]
    """What is paid for."""
    against: Annotated[dict[Identifier, ColumnPath], Field(min_length=1)]
    """probe → the column that holds the expected value; probes are under `environment.final`."""
    share: Literal["probes", "parts"] = "probes"
    """`probes`: of the probes that are equal. `parts`: of the rows and fields of all probes."""
    ordered: bool = True
    """Whether the order of rows counts."""
