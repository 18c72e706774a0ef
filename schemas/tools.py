"""The tools an agent may call: what the model sees, and what answers.

Every tool has exactly one back end, named by the field that declares it: one of `BACK_ENDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mrlc.schemas.compute import Compute
from mrlc.schemas.execute import Execute
from mrlc.schemas.file_tool import FileTool
from mrlc.schemas.guards import Guard
from mrlc.schemas.section import CodeReference, Identifier, Json, Section, TableFile, ToolName
from mrlc.schemas.transaction import Step
from mrlc.schemas.values import CellType

BACK_ENDS = ("replay", "compute", "sql", "file", "execute", "python", "reply")
"""What may answer a tool's calls."""


class Value(Section):
    """A value of a call, in the words of JSON Schema."""

    type: Literal["string", "integer", "number", "boolean", "array", "object"]
    """JSON Schema's type; a value of another type is refused, never converted."""
    description: str = ""
    """What the model is told of the value."""
    enum: tuple[Json, ...] | None = None
    """The only values allowed."""
    minimum: float | None = None
    """The smallest number allowed."""
    maximum: float | None = None
    """The largest number allowed."""
    pattern: str | None = None
    """A regular expression that a string must match somewhere."""


class Member(Value):
    """One named value of an object."""

    required: bool = True
    """Whether a call without it is refused; an argument left out is null."""


class Item(Value):
    """What each item of an array is."""

    properties: dict[Identifier, Member] | None = None
    """name → member, where items are objects; left out: any object."""


class Parameter(Member):
    """One argument."""

    items: Item | None = None
    """What an array holds; left out: anything."""
    properties: dict[Identifier, Member] | None = None
    """name → member of an object, which has no others; left out: any object."""

    def every_value(self, path: str) -> Iterator[tuple[str, Value]]:
        """The argument at this path and all that is declared in it, each with its path."""
        yield path, self
        inner = [(path, self.properties)]
        if self.items is not None:
            yield f"{path}.items", self.items
            inner.append((f"{path}.items", self.items.properties))
        for above, members in inner:
            for name, member in (members or {}).items():
                yield f"{above}.properties.{name}", member


class Replay(Section):
    """Recorded responses: the row whose columns equal the call's arguments."""

    table: TableFile
    """Recorded rows, CSV or JSONL."""
    match: Annotated[dict[Identifier, str], Field(min_length=1)]
    """argument → column. The first row in file order whose columns all match answers."""
    many: bool = False
    """Whether all rows that match answer, as a list in file order, and not the first alone."""
    max_rows: Annotated[int, Field(ge=1, le=1000)] = 20
    """Rows of such a list at most, so that a result fits its token budget."""
    optional: Literal["null", "any"] = "null"
    """An argument left out: `null` matches null cells only, `any` every cell."""
    normalise: tuple[Literal["trim", "casefold", "nfc"], ...] = ()
    """What makes two texts one key: white space around, case, composed letters (Unicode NFC)."""
    returns: tuple[str, ...] | None = None
    """Columns of the result, in order; left out: all that are not matched."""
    mode: Literal["strict", "by_key"] = "strict"
    """`strict`: a call with an argument outside `match` is invalid. `by_key`: it is ignored."""
    types: dict[str, CellType] = {}
    """column → type. A CSV cell is a string unless it is named here; `json` is read as JSON."""
    null_values: tuple[str, ...] = ("",)
    """Cells that mean null."""
    missing: Json = {"error": "not found"}
    """The result when no row matches: `{found: false}`, `[]` beside `many`."""
    missing_is_error: bool = False
    """Whether that counts as the tool's error."""


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

    name: ToolName
    """What the model calls it."""
    description: str = ""
    """What the model is told it does: one sentence."""
    parameters: dict[Identifier, Parameter] = {}
    """name → argument, in the order that the model is told."""
    invalid: Json = {"error": "invalid arguments: {reason}"}
    """The result of a call whose arguments break the schema; `{reason}` is filled in."""
    ends_episode: bool = False
    """Whether a successful call of this tool ends the episode."""
    guards: tuple[Guard, ...] = ()
    """Conditions on a call, checked in order; the first that does not hold gives its reply."""
    grounded: tuple[Identifier, ...] = ()
    """Arguments that the model must have been shown, in a message or an earlier result: no guesses."""
    ungrounded: Json = {"error": "`{argument}` has not come up: use a value from a result"}
    """The result of a call with a value made up; `{argument}` is filled in."""
    volatile: tuple[str, ...] = ()
    """Fields of the result that differ between recordings: a request id, a time. Each episode's seed
    gives them placeholders, so that the same calls give the same results."""
    replay: Replay | None = None
    compute: Compute | None = None
    sql: Sql | None = None
    execute: Execute | None = None
    file: FileTool | None = None
    python: CodeReference | None = None
    """`file.py:name`, a function or coroutine of the arguments and the episode."""
    reply: Json | None = None
    """One result for every valid call, whatever its arguments."""

    @model_validator(mode="after")
    def _one_back_end(self) -> Tool:
        given = [kind for kind in BACK_ENDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"a tool needs exactly one of {', '.join(BACK_ENDS)}; found {found}")
        return self

    @property
    def json_schema(self) -> dict[str, Json]:
        """The tool as OpenAI and every chat template spell it."""
        parameters = {"type": "object", **_members(self.parameters)}
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}


def _members(members: Mapping[str, Member]) -> dict[str, Json]:
    """The members of an object as JSON Schema spells them."""
    return {
        "properties": {name: _schema(member) for name, member in members.items()},
        "required": [name for name, member in members.items() if member.required],
    }


def _schema(value: Value) -> dict[str, Json]:
    found = value.model_dump(
        mode="json", exclude_none=True, exclude={"required", "items", "properties"}
    )
    if isinstance(value, Parameter) and value.items is not None:
        found["items"] = _schema(value.items)
    if isinstance(value, Parameter | Item) and value.properties is not None:
        found |= _members(value.properties)
    return found
