"""The tools an agent may call: what the model sees, and what answers.

Every tool has exactly one back end: `replay`, `sql`, `file` or `python`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mrlc.schemas.file_tool import FileTool
from mrlc.schemas.section import CodeReference, Identifier, Json, Section, TableFile
from mrlc.schemas.transaction import Step

ValueType = Literal["string", "integer", "number", "boolean"]


class Parameter(Section):
    """One argument, in the words of JSON Schema."""

    type: ValueType
    """JSON Schema's type; an argument of another type is refused, never converted."""
    description: str = ""
    """What the model is told of the argument."""
    enum: tuple[Json, ...] | None = None
    """The only values allowed."""
    minimum: float | None = None
    """The smallest number allowed."""
    maximum: float | None = None
    """The largest number allowed."""
    pattern: str | None = None
    """A regular expression that a string must match somewhere."""
    required: bool = True
    """Whether a call without it is refused; an argument left out is null."""


class Replay(Section):
    """Recorded responses: the row whose columns equal the call's arguments."""

    table: TableFile
    """Recorded rows, CSV or JSONL."""
    match: Annotated[dict[Identifier, str], Field(min_length=1)]
    """argument → column. The first row in file order whose columns all match answers."""
    returns: tuple[str, ...] | None = None
    """Columns of the result, in order; left out: all that are not matched."""
    mode: Literal["strict", "by_key"] = "strict"
    """`strict`: a call with an argument outside `match` is invalid. `by_key`: it is ignored."""
    types: dict[str, ValueType] = {}
    """column → type. A CSV cell is a string unless it is named here."""
    null_values: tuple[str, ...] = ("",)
    """Cells that mean null."""
    missing: Json = {"error": "not found"}
    """The result when no row matches."""


class Sql(Section):
    """One statement, or a transaction of several, on a database of the episode."""

    state: Identifier
    """Name under `environment.state`."""
    read: str | None = None
    """A SELECT with `:argument` placeholders; the result is a list of rows."""
    write: str | None = None
    """An INSERT, UPDATE or DELETE with `:argument` placeholders; the result counts rows."""
    max_rows: Annotated[int, Field(ge=1, le=1000)] = 20
    """Rows returned at most, so that a result fits its token budget."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=16)] | None = None
    """Statements in one transaction; left without `returns`, the last one's result is the tool's."""
    returns: Annotated[tuple[Identifier, ...], Field(min_length=1)] | None = None
    """Arguments and columns of the steps that make the result, an object, with the last values."""

    @model_validator(mode="after")
    def _one_statement(self) -> Sql:
        if sum(one is not None for one in (self.read, self.write, self.steps)) != 1:
            raise ValueError("give exactly one of `read`, `write` and `steps`")
        if self.returns is not None and self.steps is None:
            raise ValueError("`returns` is for `steps`: it has no effect on one statement")
        return self


class Tool(Section):
    """A tool: its name and parameters for the model, its back end for the runtime."""

    name: Identifier
    """What the model calls it."""
    description: str = ""
    """What the model is told it does: one sentence."""
    parameters: dict[Identifier, Parameter] = {}
    """name → argument, in the order that the model is told."""
    invalid: Json = {"error": "invalid arguments: {reason}"}
    """The result of a call whose arguments break the schema; `{reason}` is filled in."""
    ends_episode: bool = False
    """Whether a successful call of this tool ends the episode."""
    replay: Replay | None = None
    sql: Sql | None = None
    file: FileTool | None = None
    python: CodeReference | None = None
    """`file.py:name`, a function or coroutine of the arguments and the episode."""

    @model_validator(mode="after")
    def _one_back_end(self) -> Tool:
        kinds = ("replay", "sql", "file", "python")
        given = [kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"a tool needs exactly one of {', '.join(kinds)}; found {found}")
        return self

    @property
    def json_schema(self) -> dict[str, Json]:
        """The tool as OpenAI and every chat template spell it."""
        properties = {
            name: parameter.model_dump(mode="json", exclude_none=True, exclude={"required"})
            for name, parameter in self.parameters.items()
        }
        required = [name for name, parameter in self.parameters.items() if parameter.required]
        parameters = {"type": "object", "properties": properties, "required": required}
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}
