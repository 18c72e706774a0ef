"""How success is measured, apart from the reward."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.endpoint import Endpoint
from mrlc.schemas.section import CodeReference, ColumnPath, Identifier, Section


class ExactFields(Section):
    """1 when the answer equals the expected value, types and every field; else 0."""

    kind: Literal["exact_fields"]
    """What decides."""
    against: ColumnPath
    """The column that holds the expected answer."""


class PythonScorer(Section):
    """`file.py:name`, a function of the outcome to a score from 0 to 1; 1 is success."""

    kind: Literal["python"]
    """What decides."""
    python: CodeReference
    """The function; other code than the reward's, or the evaluation is not independent."""


class ExactState(Section):
    """1 when every probe equals its expected value, rows, fields and types; else 0."""

    kind: Literal["final_state"]
    """What decides."""
    against: Annotated[dict[Identifier, ColumnPath], Field(min_length=1)]
    """probe → the column that holds the expected value; probes are under `environment.final`."""
    ordered: bool = True
    """Whether the order of rows counts."""


Scorer = Annotated[ExactFields | ExactState | PythonScorer, Field(discriminator="kind")]


class Evaluation(Section):
    """The score of record. It never sees the reward, and the reward never sees it."""

    scorer: Scorer
    """The rule of success; it shares nothing with the reward."""
    pass_at: tuple[Annotated[int, Field(ge=1)], ...] = (1,)
    """k of pass@k: the chance that one of k sampled episodes succeeds."""
    samples: Annotated[int, Field(ge=1)] | None = None
    """Sampled episodes a task for pass@k; left out: the largest k."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Of the sampled episodes. Success itself is measured greedily."""
    every_steps: Annotated[int, Field(ge=1)] = 10
    """Training steps between evaluations on the validation split."""
    reference: Endpoint | None = None
    """A strong model for the same tasks and tools: where it fails too, the environment is suspect."""
    same_rule: bool = False
    """Whether the scorer may be code that the reward runs too, so that a fault of it fools both."""

    @property
    def samples_per_task(self) -> int:
        """Sampled episodes a task; 0 where no pass@k is asked for."""
        return self.samples or max(self.pass_at, default=0)
