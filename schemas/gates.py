"""What must be shown before a run: the gates, how much evidence they want, and what is waived."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mrlc.schemas.section import DemonstrationFile, Identifier, Section, WalkText

GateCode = Literal["E1", "E2", "R5", "golden", "V2", "V3", "R2", "R3", "R4", "T2", "T3"]
"""Every gate, in the order in which they are run: cheap ones and causes first."""

FEWEST_ROLLOUTS = 59
"""With fewer, no count of rollouts shows a rate below 5% (T2) at 95% confidence: 0.95^59 < 5%."""


class Step(Section):
    """One turn of a golden walk: calls, an answer, or any other text."""

    call: dict[Identifier, dict[Identifier, WalkText]] | None = None
    """tool → its arguments; several tools are called in one turn, in this order."""
    answer: WalkText | dict[str, WalkText] | None = None
    """The final answer: a text, or the value or fields of a typed one; tags are put around it."""
    say: WalkText | None = None
    """A turn as it stands, for an answer that a `python` parser reads."""

    @model_validator(mode="after")
    def _one_action(self) -> Step:
        given = [name for name in ("call", "answer", "say") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            raise ValueError(f"a step needs exactly one of call, answer, say; found {found}")
        return self


class Golden(Section):
    """How a person solves a task: it must earn the whole reward and an evaluation of 1."""

    walk: Annotated[tuple[Step, ...], Field(min_length=1)] | None = None
    """The turns, for every task alike. Texts may use `task` and `results`, those of earlier calls."""
    file: DemonstrationFile | None = None
    """JSONL rows `{"task": id, "messages": [what follows the prompt]}`, where tasks differ too much."""

    @model_validator(mode="after")
    def _one_source(self) -> Golden:
        if (self.walk is None) == (self.file is None):
            raise ValueError("give exactly one of `walk` and `file`")
        return self


class Gates(Section):
    """The proof that a run asks for. A gate passes, fails, or lacks evidence; `mrlc gate` says which."""

    rollouts: Annotated[int, Field(ge=1)] = 128
    """Episodes of the base model on different training tasks; 93 let one run into its token cap."""
    samples: Annotated[int, Field(ge=2)] | None = None
    """Episodes a task in the groups of R3, which come on top; left out: `algorithm.group_size`."""
    success_threshold: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the highest reward that only a success may earn; 1 judges the best-paid alone."""
    golden: Golden | None = None
    waive: dict[str, str] = {}
    """gate → why it may be left out. A reviewer reads the reason in git."""
