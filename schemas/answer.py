"""How the agent's final answer is recognised."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mrlc.schemas.section import CodeReference, Identifier, Json, Section


class Field_(Section):
    """One field of a typed answer, in the words of JSON Schema."""

    type: Literal["string", "integer", "number", "boolean"] | None = None
    """Type of the value; left out, the `enum` says it."""
    enum: tuple[Json, ...] | None = None
    """The only values allowed."""

    @model_validator(mode="after")
    def _says_something(self) -> Field_:
        if self.type is None and self.enum is None:
            raise ValueError("a field needs a `type`, an `enum`, or both")
        return self


class Answer(Section):
    """The last complete `<tag>…</tag>` of a turn without tool calls ends the episode."""

    tag: Identifier = "final_output"
    """The word between `<` and `>`."""
    json_: Annotated[dict[str, Field_] | None, Field(alias="json")] = None
    """Typed fields, all required and none besides; left out: the answer is text."""
    python: CodeReference | None = None
    """`file.py:name`, a function from the turn's text to the answer, or None for no answer."""
