"""The results that a replay table can give, as the model would read them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from mrlc.compiler.files import InputFile, Row
from mrlc.compiler.subject import Subject
from mrlc.schemas.tools import Replay


class Recorded(NamedTuple):
    """A row and the text of its result."""

    row: Row
    text: str


def longest(subject: Subject, replay: Replay) -> Recorded | None:
    """The longest result of a table; None where it has no rows."""
    file = subject.files[replay.table]
    return _longest(file, file.sha256, replay.returns, frozenset(replay.match.values()))


@lru_cache(maxsize=64)
def _longest(
    file: InputFile, sha256: str, returns: tuple[str, ...] | None, matched: frozenset[str]
) -> Recorded | None:
    results = [Recorded(row, _text(row, returns, matched)) for row in file.table.rows]
    return max(results, key=lambda one: len(one.text.encode()), default=None)


def _text(row: Row, returns: tuple[str, ...] | None, matched: frozenset[str]) -> str:
    names = returns if returns is not None else [name for name in row.values if name not in matched]
    return json.dumps({name: row.values.get(name) for name in names}, ensure_ascii=False)
