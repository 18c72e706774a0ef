"""The components of a reward: what each pays for, and how it compares.

A component gives a number from 0 to 1. Comparisons are exact, type and value, except in the two
kinds whose names say otherwise, `contains` and `fuzzy`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mrlc.schemas.section import CodeReference, ColumnPath, Identifier, Json, Name, Section

Weight = Annotated[float, Field(ge=-1, le=1)]
Share = Annotated[float, Field(gt=0)]
Pay = Literal["episode", "turn"]


class Paid(Section):
    """What every component declares besides what it computes."""

    name: Name
    """Names its metric, `reward/<name>/mean`."""
    weight: Weight = 1.0
    """Its share of the reward; negative for a penalty."""
    requires: tuple[Name, ...] = ()
    """Components that must all be at 1 for this one to pay; otherwise it counts 0."""


class FieldAccuracy(Paid):
    """The share of the answer's fields that equal the expected ones, type and value; 0 unanswered."""

    kind: Literal["field_accuracy"]
    """What is paid for."""
    against: ColumnPath
    """The column that holds the expected answer."""
    fields: Annotated[dict[str, Share], Field(min_length=1)] | None = None
    """field → what it counts beside the others, and only these; left out: all, each alike."""


class Exact(Paid):
    """1 when the whole answer equals the expected one, types and every field; else 0."""

    kind: Literal["exact"]
    """What is paid for."""
    against: ColumnPath
    """The column that holds the expected answer."""


class OfField(Paid):
    """A component that looks at one value of the answer."""

    field: str | None = None
    """The field of a typed answer; left out: the whole answer."""


class Numeric(OfField):
    """1 when a number is within a tolerance of the expected one; 0 for what is no number."""

    kind: Literal["numeric"]
    """What is paid for."""
    against: ColumnPath
    """The column that holds the expected number, or its text."""
    absolute: Annotated[float, Field(ge=0)] = 0.0
    """The tolerance, in the number's own unit; 0 is exact."""
    relative: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The tolerance as a share of the expected number; the wider of the two counts."""
    partial: bool = False
    """Whether an error beyond the tolerance still pays: tolerance ÷ error."""

    @model_validator(mode="after")
    def _has_a_slope(self) -> Numeric:
        if self.partial and not (self.absolute or self.relative):
            raise ValueError("`partial` needs a tolerance: `absolute`, `relative` or both")
        return self


class OneOf(OfField):
    """1 when the value equals one of several, type and value; else 0."""

    kind: Literal["one_of"]
    """What is paid for."""
    against: ColumnPath | None = None
    """The column that holds the list of accepted values."""
    values: Annotated[tuple[Json, ...], Field(min_length=1)] | None = None
    """The accepted values, where they are the same for every task."""

    @model_validator(mode="after")
    def _one_source(self) -> OneOf:
        if (self.against is None) == (self.values is None):
            raise ValueError("give exactly one of `against` and `values`")
        return self


class Regex(OfField):
    """1 when the whole value matches a regular expression; a value that is no text, as JSON."""

    kind: Literal["regex"]
    """What is paid for."""
    pattern: str
    """Python's syntax; it must match from the first character to the last."""


class JsonSchema(OfField):
    """1 when the value is valid against a JSON Schema; a whole answer of text is read as JSON."""

    kind: Literal["json_schema"]
    """What is paid for."""
    schema_: Annotated[dict[str, Json], Field(alias="schema")]
    """The schema, draft 2020-12; references lead within it and nowhere else."""


class Contains(OfField):
    """1 when the expected text stands somewhere in the value: inexact, so listing all earns it."""

    kind: Literal["contains"]
    """What is paid for."""
    against: ColumnPath
    """The column that holds the text to be found; case counts."""


class Fuzzy(OfField):
    """The F1 of the words that the value shares with the expected text: inexact."""

    kind: Literal["fuzzy"]
    """What is paid for."""
    against: ColumnPath
    """The column that holds the expected text; case and punctuation do not count."""


class Answered(Paid):
    """1 when the episode ended in a valid answer, right or wrong; else 0."""

    kind: Literal["answered"]
    """What is paid for."""


class Act(Paid):
    """A component that can pay turn by turn, for what was done and not for what came of it."""

    per: Pay = "episode"
    """`turn`: paid at the turn in which it happened; that turn and those before it get the credit."""
    because: str | None = None
    """Why acts are paid or charged, and not only what they lead to."""


class ToolCalled(Act):
    """1 when a tool was called as often as asked; per turn, a part at each call up to `min_times`."""

    kind: Literal["tool_called"]
    """What is paid for."""
    tool: Identifier
    """The tool's name."""
    arguments: dict[Identifier, Json] = {}
    """argument → the value it must equal; a text `task.column` is that column's value."""
    succeeded: bool = True
    """Whether only calls count that the tool answered without an error."""
    min_times: Annotated[int, Field(ge=0)] = 1
    """Fewer calls earn nothing; per turn, each earns its part."""
    max_times: Annotated[int, Field(ge=0)] | None = None
    """More calls earn nothing; left out: any number."""

    @model_validator(mode="after")
    def _times_fit(self) -> ToolCalled:
        if self.max_times is not None and self.max_times < self.min_times:
            raise ValueError(f"`max_times` is {self.max_times}, below `min_times`")
        if self.per == "turn" and (self.max_times is not None or self.min_times == 0):
            raise ValueError("per turn, `min_times` calls are paid: 1 or more, and no `max_times`")
        return self


class PythonComponent(Act):
    """`file.py:name`, a function of the outcome to a number from 0 to 1; per turn, to one a turn."""

    kind: Literal["python"]
    """What is paid for."""
    python: CodeReference
    """The function; per turn, it returns a list as long as the turns, which adds up to 1 at most."""


Known = (
    FieldAccuracy
    | Exact
    | Numeric
    | OneOf
    | Regex
    | JsonSchema
    | Contains
    | Fuzzy
    | Answered
    | ToolCalled
    | PythonComponent
)
"""The components of this module."""


def pays_by_turn(component: Any) -> bool:
    """Whether a component pays at the turn in which something happened."""
    return getattr(component, "per", "episode") == "turn"
