"""A component that asks a model: how well was this done, on a scale."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.components import Paid
from mrlc.schemas.endpoint import Endpoint
from mrlc.schemas.section import JudgePrompt


class Judge(Paid):
    """A model's mark, from 0 to 1. An episode that it fails to judge has no reward at all."""

    kind: Literal["judge"]
    """What is paid for."""
    endpoint: Endpoint
    """The model that judges; another than the policy, or it likes what it would have said."""
    rubric: JudgePrompt
    """What earns which mark; may use `{{ task.column }}`, `{{ answer }}` and `{{ transcript }}`."""
    scale: Annotated[int, Field(ge=1, le=100)] = 10
    """The best mark; the worst is 0. Few steps are given more steadily than many."""
    shown_chars: Annotated[int, Field(ge=100)] = 20_000
    """Characters of the transcript and of the answer shown; the middle of a longer one is cut."""
