"""A rescoring as people read it: old against new, flipped rankings, failures that are paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mrlc.evaluations import counted
from mrlc.tables import Block, Lines, Table

RANKINGS = {
    "flipped": "groups whose ranking changes",
    "sign_changes": "groups in which an advantage changes sign",
    "informative_before": "groups that teach, before",
    "informative_after": "groups that teach, after",
}
PAIRS = {
    "reversed": "pairs reversed",
    "tied": "pairs that become a tie",
    "split": "pairs that cease to be a tie",
}


def blocks(record: Mapping[str, Any]) -> Iterator[Block]:
    """A `Rescored` as JSON has it."""
    title = f"{counted(record['episodes'], 'stored episode')}, as recorded and rescored"
    figures = tuple(_figures(record["old"], record["new"]))
    yield Table(title, ("", "recorded", "rescored"), figures)
    yield Lines(tuple(_changes(record)))
    if record["rankings"]["groups"]:
        yield Table("training groups", ("", "count", "of"), tuple(_rankings(record["rankings"])))
    if record["offenders"]:
        columns = ("task", "when", "reward", "score", "how its last turn ends")
        rows = tuple(map(_offender, record["offenders"]))
        yield Table("failures by the evaluation that the reward pays most", columns, rows)


def _figures(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    rows = {
        "reward": "mean reward",
        "success": "success by the scorer",
        "paid_at_success": "mean reward at success",
        "paid_at_failure": "mean reward at failure",
        "auc": "success paid more than failure (AUC)",
    }
    for key, label in rows.items():
        yield label, _number(old[key]), _number(new[key])
    for name in dict.fromkeys([*old["components"], *new["components"]]):
        sides = (_number(side["components"].get(name)) for side in (old, new))
        yield (f"component {name}", *sides)


def _changes(record: Mapping[str, Any]) -> Iterator[str]:
    yield f"rewards that change: {record['changed']}"
    if record["answers"]:
        yield f"answers that are read otherwise: {record['answers']}"
    yield from (f"note: {note}" for note in record["notes"])


def _rankings(rankings: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    for words, total in ((RANKINGS, "groups"), (PAIRS, "pairs")):
        for key, label in words.items():
            yield label, str(rankings[key]), str(rankings[total])


def _offender(one: Mapping[str, Any]) -> tuple[str, ...]:
    step = "" if one["step"] is None else f" {one['step']}"
    when = f"{one['phase']}{step}, member {one['member']}"
    text = " ".join(one["text"].split()) or "(empty)"
    return one["task"], when, _number(one["reward"]), _number(one["score"]), text


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
