"""The opening texts of a split: what the model is shown of each task before it acts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mrlc.compiler.expression import Expression, ExpressionFault, parse_template
from mrlc.compiler.files import InputFile, Row
from mrlc.compiler.subject import Subject

Opening = tuple[Row, str]


def openings(subject: Subject, split: str) -> tuple[Opening, ...]:
    """Each task of a split with its rendered texts; none where a prompt has faults."""
    environment = subject.experiment.environment
    file = subject.split_file(split)
    return _rendered(environment.system, environment.prompt, file, file.sha256)


def shows_task(subject: Subject) -> bool:
    """Whether a prompt uses any column, or cannot be told."""
    environment = subject.experiment.environment
    try:
        return any(
            parse_template(text).expressions for text in (environment.system, environment.prompt)
        )
    except ExpressionFault:
        return True


@lru_cache(maxsize=32)
def _rendered(system: str, prompt: str, file: InputFile, sha256: str) -> tuple[Opening, ...]:
    """Kept by content: the variants of a sweep mostly show the same prompts of the same data."""
    try:
        templates = [parse_template(text) for text in (system, prompt)]
        return tuple(
            (row, "\n".join("".join(_part(part, row) for part in one.parts) for one in templates))
            for row in file.table.rows
        )
    except ExpressionFault:
        return ()


def _part(part: str | Expression, row: Row) -> str:
    return part if isinstance(part, str) else str(_value(part, row.values))


def _value(expression: Expression, values: dict[str, Any]) -> Any:
    if expression.is_chain and len(names := expression.uses[0].names) == 2 and names[1] in values:
        return values[names[1]]
    return expression.evaluate({"task": values})
