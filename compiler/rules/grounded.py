"""Arguments that must have been shown, and fields that differ between recordings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrlc.compiler.diagnostics import Diagnostic, Fix, Label
from mrlc.compiler.openings import openings, shown
from mrlc.compiler.rules import Edit, Finding, Subject, check, rule
from mrlc.compiler.rules.recorded_rows import replays
from mrlc.compiler.subject import SPLITS
from mrlc.compiler.suggest import did_you_mean, nearest
from mrlc.schemas.tools import Replay, Tool

ANSWER = "  answer:\n"
BOOK = """\
    - name: book
      parameters:
        day: {type: integer}
      sql: {state: shop, write: "INSERT INTO visits VALUES (:day)"}
"""
STATE = Edit("  state:\n    shop: {sqlite: shop.sql}\n", "")
JOBS = """\
    - name: job
      parameters:
        job: {type: string}
      grounded: [job]
      replay:
        table: jobs.csv
        match: {job: job}
"""
PLACES = "job,place\nJ1,shelf\nJ2,yard\n"
_SAMPLE = 50
"""Values of a column that are looked for."""


@check
def conditions_name_parameters(subject: Subject) -> Iterator[Diagnostic]:
    for path, tool in subject.experiment.environment.every_tool():
        for number, name in enumerate(tool.grounded):
            if name not in tool.parameters:
                at = f"{path}.grounded.{number}"
                span, near = subject.value(at), nearest(name, tool.parameters)
                fix = Fix.at(span, name, near) if near else None
                help = did_you_mean(name, tool.parameters)
                message = f"`{name}` is not a parameter of tool `{tool.name}`"
                yield Diagnostic("MRLC330", message, span, help=help, path=at, fix=fix)
        if "ungrounded" in tool.model_fields_set and not tool.grounded:
            at = f"{path}.ungrounded"
            message = "`ungrounded` has no effect: no argument is `grounded`"
            yield Diagnostic("MRLC211", message, subject.name(at), path=at)


@check
def volatile_fields_are_returned(subject: Subject) -> Iterator[Diagnostic]:
    for tool, replay, path in replays(subject):
        columns = subject.files[replay.table].table.columns
        known = replay.returns or [one for one in columns if one not in replay.match.values()]
        for number, name in enumerate(tool.volatile):
            if name not in known:
                at = f"{path.removesuffix('.replay')}.volatile.{number}"
                span, near = subject.value(at), nearest(name, known)
                fix = Fix.at(span, name, near) if near else None
                help = did_you_mean(name, known)
                message = f"`{name}` is not a field of the results of `{tool.name}`"
                yield Diagnostic("MRLC324", message, span, help=help, path=at, fix=fix)


@rule(
    "MRLC552",
    "ungroundable",
    severity="warning",
    bad=(
        STATE,
        Edit(BOOK, JOBS),
        Edit(None, PLACES.replace("J", "K"), "specs/jobs.csv"),
    ),
    good=(STATE, Edit(BOOK, JOBS), Edit(None, PLACES, "specs/jobs.csv")),
)
def grounds_exist(subject: Subject) -> Iterator[Finding]:
    """No prompt and no other tool's table holds a value of an argument that must have been shown.

    Every call of the tool is refused, whatever the model looks up first. Mostly the two tables spell
    their ids differently: `7` and `J7`.

    Write the ids alike, or return the column that holds them. A spec with a tool whose results only
    a run knows is not looked at.
    """
    for tool, replay, path in replays(subject):
        others = [one for one in subject.experiment.environment.tools if one.name != tool.name]
        if not tool.grounded or any(one.replay is None for one in others):
            continue
        text = "\n".join([*_openings(subject), *_results(subject, tool)])
        words = set(re.findall(r"\w+", text)) | set(text.split("\n"))
        for number, name in enumerate(tool.grounded):
            column = replay.match.get(name)
            if column is not None and not _any_shown(subject, replay, column, text, words):
                at = f"{path.removesuffix('.replay')}.grounded.{number}"
                labels = (Label(subject.value(f"{path}.match.{name}"), "the values it can have"),)
                message = f"no prompt and no other tool shows a value of `{name}`"
                yield Finding(at, message, "", labels)


def _any_shown(subject: Subject, replay: Replay, column: str, text: str, words: set[str]) -> bool:
    cells = dict.fromkeys(
        str(row.values.get(column)) for row in subject.files[replay.table].table.rows
    )
    if replay.normalise:
        text, words = text.casefold(), {word.casefold() for word in words}
        cells = dict.fromkeys(cell.strip().casefold() for cell in cells)
    sample = list(cells)[:_SAMPLE]
    return any(cell in words for cell in cells) or any(cell in text for cell in sample)


def _openings(subject: Subject) -> Iterator[str]:
    for split in SPLITS:
        yield from (text for _, text in openings(shown(subject, split)))


def _results(subject: Subject, tool: Tool) -> Iterator[str]:
    """What the other tools' tables hold in the columns that they return."""
    for other, replay, _ in replays(subject):
        if other.name == tool.name:
            continue
        for row in subject.files[replay.table].table.rows:
            matched = set(replay.match.values())
            names = replay.returns or [name for name in row.values if name not in matched]
            yield from (str(row.values.get(name)) for name in names)


@rule(
    "MRLC553",
    "volatile-key",
    severity="warning",
    bad=(
        Edit(
            "      replay:\n        table: bikes.csv\n",
            "      volatile: [job]\n      replay:\n        table: bikes.csv\n",
        ),
        Edit(ANSWER, JOBS.replace("      grounded: [job]\n", "") + ANSWER),
        Edit(None, PLACES, "specs/jobs.csv"),
    ),
    good=(
        Edit(
            "      replay:\n        table: bikes.csv\n",
            "      volatile: [days]\n      replay:\n        table: bikes.csv\n",
        ),
        Edit(ANSWER, JOBS.replace("      grounded: [job]\n", "") + ANSWER),
        Edit(None, PLACES, "specs/jobs.csv"),
    ),
)
def volatile_fields_are_no_keys(subject: Subject) -> Iterator[Finding]:
    """A field that is `volatile` is what a replay table is matched by.

    The model is shown a placeholder in place of the recorded value. A call with it finds no row, so
    no task that goes this way can be solved.

    Leave out of `volatile` whatever the model must pass on: an id that is looked up later is recorded
    for good.
    """
    matched = {
        name: (tool, f"{path}.match.{argument}")
        for tool, replay, path in replays(subject)
        for argument, column in replay.match.items()
        for name in (argument, column)
    }
    for at, tool in subject.experiment.environment.every_tool():
        for number, name in enumerate(tool.volatile):
            if name in matched:
                other, at = matched[name]
                labels = (Label(subject.value(at), f"`{other.name}` is matched by it"),)
                message = f"`{name}` is volatile, but a table is matched by it"
                yield Finding(f"{at}.volatile.{number}", message, "", labels)
