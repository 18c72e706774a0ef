"""What an episode is paid for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.section import CodeReference, ColumnPath, Name, Section

Weight = Annotated[float, Field(ge=-1, le=1)]


class FieldAccuracy(Section):
    """The share of the answer's fields that equal the expected ones, type and value; 0 unanswered."""

    kind: Literal["field_accuracy"]
    """Which component this is."""
    name: Name
    """Names its metric, `reward/<name>/mean`."""
    against: ColumnPath
    """Column with the expected answer, `task.expected`."""
    weight: Weight = 1.0
    """Factor of the component in the sum; below 0 it is a penalty."""


class Answered(Section):
    """1 when the episode ended in a valid answer, right or wrong; else 0."""

    kind: Literal["answered"]
    """Which component this is."""
    name: Name
    """Names its metric, `reward/<name>/mean`."""
    weight: Weight = 1.0
    """Factor of the component in the sum; below 0 it is a penalty."""


class PythonComponent(Section):
    """`file.py:name`, a function of the outcome to a number from 0 to 1."""

    kind: Literal["python"]
    """Which component this is."""
    name: Name
    """Names its metric, `reward/<name>/mean`."""
    python: CodeReference
    """The function; its file is part of the plan."""
    weight: Weight = 1.0
    """Factor of the component in the sum; below 0 it is a penalty."""


Component = Annotated[FieldAccuracy | Answered | PythonComponent, Field(discriminator="kind")]


class Reward(Section):
    """The weighted sum of the components. A broken episode has no reward, not a reward of zero."""

    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    """What is paid or charged; the reward is their sum, each times its weight."""
    diverges_because: str | None = None
    """Why the reward is not the evaluation's rule, where it is not."""
