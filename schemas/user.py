"""The user's side of the conversation, after the first message."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from mrlc.schemas.endpoint import Endpoint
from mrlc.schemas.section import CodeReference, Prompt, Section

KINDS = ("script", "endpoint", "python")


class User(Section):
    """Who replies to a turn that holds neither a tool call nor an answer.

    Without one, or when nobody replies, such a turn ends the episode.
    """

    script: Annotated[tuple[Prompt, ...], Field(min_length=1)] | None = None
    """Replies in order, rendered for each task; when they are used up, nobody replies."""
    endpoint: Endpoint | None = None
    """A model that plays the user; what it says is kept, so that a run can be resumed."""
    persona: Prompt | None = None
    """What that model is told of the user it plays; may use the task's columns."""
    until: Annotated[str, Field(min_length=1)] | None = None
    """What that model says when the user has no more to say; the reply is not shown."""
    python: CodeReference | None = None
    """`file.py:name`, a function of the task's row and the messages so far to a text, or None."""

    @model_validator(mode="after")
    def _one_kind(self) -> User:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"a user needs exactly one of {', '.join(KINDS)}; found {found}")
        if (self.endpoint is None) != (self.persona is None):
            raise ValueError("`endpoint` and `persona` belong together")
        if self.until is not None and self.endpoint is None:
            raise ValueError("`until` is said by a model: it needs `endpoint`")
        return self
