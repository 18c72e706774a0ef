"""A split whose answers differ."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Subject, rule
from mrlc.compiler.rules.answers import column_value
from mrlc.compiler.rules.columns import compared_whole

TRAIN = "specs/data/train.jsonl"
SECOND = '{"job": "J2", "days": 0}'


@rule(
    "MRLC516",
    "constant-answer",
    severity="warning",
    bad=(Edit(SECOND, '{"job": "J1", "days": 3}', TRAIN),),
    good=(Edit(SECOND, '{"job": "J2", "days": 4}', TRAIN),),
)
def answers_differ(subject: Subject) -> Iterator[Finding]:
    """All training tasks expect the same answer.

    The policy learns to write that answer without looking, and the reward looks perfect. Mostly
    a column was exported wrongly, or the data is sorted and cut.

    Check the column, and mix the tasks before splitting them.
    """
    rows = subject.split_file("train").table.rows
    if len(rows) < 2:
        return
    for against, path in sorted({column: path for path, column in compared_whole(subject)}.items()):
        values = [column_value(row.values, against) for row in rows]
        if all(value == values[0] for value in values) and _is_json(values[0]):
            written = json.dumps(values[0], ensure_ascii=False)[:60]
            message = f"`{against}` is {written} in all {len(rows)} training tasks"
            yield Finding(path, message, help="there is nothing to learn but this one answer")


def _is_json(value: object) -> bool:
    return isinstance(value, dict | list | str | int | float | None)
