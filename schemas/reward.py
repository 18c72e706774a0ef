"""What an episode is paid for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.judge import Judge
from mrlc.schemas.section import CodeReference, ColumnPath, Identifier, Name, Section

Weight = Annotated[float, Field(ge=-1, le=1)]


class FieldAccuracy(Section):
    """The share of the answer's fields that equal the expected ones, type and value; 0 unanswered."""

    kind: Literal["field_accuracy"]
    """What is paid for."""
    name: Name
    """Names its metric, `reward/<name>/mean`."""
    against: ColumnPath
    """The column that holds the expected answer."""
    weight: Weight = 1.0
    """Its share of the reward; negative for a penalty."""


class Answered(Section):
    """1 when the episode ended in a valid answer, right or wrong; else 0."""

    kind: Literal["answered"]
    """What is paid for."""
    name: Name
    """Names its metric, `reward/<name>/mean`."""
    weight: Weight = 1.0
    """Its share of the reward; negative for a penalty."""


class PythonComponent(Section):
    """`file.py:name`, a function of the outcome to a number from 0 to 1."""

    kind: Literal["python"]
    """What is paid for."""
    name: Name
    """Names its metric, `reward/<name>/mean`."""
    python: CodeReference
    """The function."""
    weight: Weight = 1.0
    """Its share of the reward; negative for a penalty."""


class FinalState(Section):
    """The share of the episode's final state that is as expected, whatever was answered."""

    kind: Literal["final_state"]
    """What is paid for."""
    name: Name
    """Names its metric, `reward/<name>/mean`."""
    against: Annotated[dict[Identifier, ColumnPath], Field(min_length=1)]
    """probe → the column that holds the expected value; probes are under `environment.final`."""
    share: Literal["probes", "parts"] = "probes"
    """`probes`: of the probes that are equal. `parts`: of the rows and fields of all probes."""
    ordered: bool = True
    """Whether the order of rows counts."""
    weight: Weight = 1.0
    """Its share of the reward; negative for a penalty."""


Component = Annotated[
    FieldAccuracy | Answered | FinalState | PythonComponent | Judge, Field(discriminator="kind")
]


class Reward(Section):
    """The weighted sum of the components. A broken episode has no reward, not a reward of zero."""

    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    """What is paid for; the weights add up to 1, so that rewards compare between runs."""
    diverges_because: str | None = None
    """Why the reward is not the evaluation's rule, where it is not."""
