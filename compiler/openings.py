"""The opening texts of a split: what the model is shown of each task before it acts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from mrlc.compiler.expression import Expression, ExpressionFault, parse_template
from mrlc.compiler.files import InputFile, Row
from mrlc.compiler.likeness import normal
from mrlc.compiler.subject import Subject

Opening = tuple[Row, str]


class Shown(NamedTuple):
    """A split under a spec's prompts; what is computed of it is kept by this, its content.

    The variants of a sweep mostly show the same prompts of the same data.
    """

    system: str
    prompt: str
    file: InputFile
    sha256: str


def shown(subject: Subject, split: str) -> Shown:
    """A split as the model is shown it."""
    environment = subject.experiment.environment
    file = subject.split_file(split)
    return Shown(environment.system, environment.prompt, file, file.sha256)


def shows_task(subject: Subject) -> bool:
    """Whether a prompt uses any column, or cannot be told."""
    environment = subject.experiment.environment
    try:
        return any(
            parse_template(text).expressions for text in (environment.system, environment.prompt)
        )
    except ExpressionFault:
        return True


@lru_cache(maxsize=64)
def openings(split: Shown) -> tuple[Opening, ...]:
    """Each task of a split with its rendered texts; none where a prompt has faults."""
    try:
        templates = [parse_template(text) for text in (split.system, split.prompt)]
        return tuple(
            (row, "\n".join("".join(_part(part, row) for part in one.parts) for one in templates))
            for row in split.file.table.rows
        )
    except ExpressionFault:
        return ()


@lru_cache(maxsize=64)
def normal_openings(split: Shown) -> tuple[Opening, ...]:
    """The same, the texts as a reader compares them."""
    return tuple((row, normal(text)) for row, text in openings(split))


@lru_cache(maxsize=64)
def longest_opening(split: Shown) -> str:
    """The longest text of a split, in bytes."""
    return max((text for _, text in openings(split)), key=lambda one: len(one.encode()), default="")


def _part(part: str | Expression, row: Row) -> str:
    return part if isinstance(part, str) else str(_value(part, row.values))


def _value(expression: Expression, values: dict[str, Any]) -> Any:
    if expression.is_chain and len(names := expression.uses[0].names) == 2 and names[1] in values:
        return values[names[1]]
    return expression.evaluate({"task": values})
