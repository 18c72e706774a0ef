"""The final state: what rewards and scorers compare is read, can change and can be equal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.example import Edit
from mrlc.compiler.rules import Finding, Label, Subject, check, rule
from mrlc.compiler.rules.answers import ABSENT, column_value
from mrlc.compiler.rules.columns import missing_column
from mrlc.compiler.rules.sql import probe_columns
from mrlc.compiler.suggest import did_you_mean
from mrlc.schemas.evaluation import ExactState
from mrlc.schemas.final import Probe
from mrlc.schemas.final_state import FinalState

TRAIN, VALIDATION, TEST = (f"specs/data/{name}.jsonl" for name in ("train", "validation", "test"))
PROBE = (
    '  final:\n    visits: {state: shop, read: "SELECT day FROM visits ORDER BY day"}\n  answer:\n'
)
SCORER = "{kind: exact_fields, against: task.expected}"
AGAINST = "{kind: final_state, against: {visits: task.visits}}"
SCORED = Edit(SCORER, AGAINST)
EXPECTED = tuple(
    Edit(f'"id": "{id}", ', f'"id": "{id}", "visits": [{{"day": 1}}, {{"day": {day}}}], ', file)
    for id, day, file in (
        ("t1", 3, TRAIN),
        ("t2", 4, TRAIN),
        ("v1", 5, VALIDATION),
        ("h1", 6, TEST),
    )
)
DECLARED = (Edit("  answer:\n", PROBE), *EXPECTED)
SOUND = (*DECLARED, SCORED)
"""A spec that is scored by what is in its database at the end."""


class _Comparison(NamedTuple):
    """A component or scorer that compares probes."""

    path: str
    declared: FinalState | ExactState


def comparisons(subject: Subject) -> Iterator[_Comparison]:
    """Every comparison with the final state."""
    experiment = subject.experiment
    for index, component in enumerate(experiment.reward.components):
        if isinstance(component, FinalState):
            yield _Comparison(f"reward.components.{index}", component)
    if isinstance(experiment.evaluation.scorer, ExactState):
        yield _Comparison("evaluation.scorer", experiment.evaluation.scorer)


def _pairs(subject: Subject) -> Iterator[tuple[str, Probe, str]]:
    """Path of the comparison's entry, its probe, its column; of probes that are declared."""
    for path, declared in comparisons(subject):
        for name, column in declared.against.items():
            probe = subject.experiment.environment.final.get(name)
            if probe is not None:
                yield f"{path}.against.{name}", probe, column


@check
def expected_states_exist(subject: Subject) -> Iterator[Diagnostic]:
    for path, _, column in _pairs(subject):
        fault = missing_column(subject, tuple(column.split(".")), subject.value(path), path)
        if fault is not None:
            yield fault


@rule(
    "MRLC348",
    "unknown-probe",
    bad=(*DECLARED, Edit(SCORER, AGAINST.replace("{visits", "{visit"))),
    good=SOUND,
)
def probes_are_declared(subject: Subject) -> Iterator[Finding]:
    """A name is not that of a probe.

    A comparison with what nothing reads would fail in every episode.

    Declare the probe under `environment.final`: a SELECT on a database, or a pattern of files.
    """
    known = subject.experiment.environment.final
    for path, declared in comparisons(subject):
        for name in declared.against:
            if name not in known:
                at = f"{path}.against.{name}"
                help = did_you_mean(name, known) or "declare it under `environment.final`"
                message = f"unknown probe `{name}`"
                yield Finding(at, message, help=help, at=subject.name(at))


@rule(
    "MRLC226",
    "impossible-state",
    bad=(*SOUND, Edit('{"day": 4}', '{"day": true}', TRAIN)),
    good=SOUND,
)
def expected_states_are_possible(subject: Subject) -> Iterator[Finding]:
    """No final state can equal the expected value.

    A probe gives a list of rows, with `single` one row or null, and of files path → text. Each row
    has all columns of the SELECT. SQL has no truth values: they are 0 and 1. An expected value of another form is never reached, so
    the task is lost whatever the model does.

    Correct the data, or the probe.
    """
    for path, probe, column in _pairs(subject):
        fields = probe_columns(subject, probe)
        for _, table in subject.splits():
            for row in table.rows:
                reason = _reason(column_value(row.values, column), probe, fields)
                if reason is not None:
                    labels = (Label(subject.value(path), "compared here"),)
                    yield Finding(path, f"`{column}` {reason}", "", labels, at=row.span)
                    break


def _reason(value: Any, probe: Probe, fields: list[str] | None) -> str | None:
    """Why a probe of such fields never gives a value, or None; a missing one is another's fault."""
    if value is ABSENT:
        return None
    if probe.read is None:
        texts = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        return None if texts else "is not an object of path → text, as `read_files` gives"
    if probe.single:
        return _row(value, fields) if value is not None else None
    if not isinstance(value, list):
        return "is not a list of rows"
    return next((reason for one in value if (reason := _row(one, fields)) is not None), None)


def _row(value: Any, fields: list[str] | None) -> str | None:
    if not isinstance(value, dict):
        return "has a row that is not an object"
    if fields is not None and (lacking := sorted(set(fields) - value.keys())):
        return f"has a row without the probe's column `{lacking[0]}`"
    if fields is not None and (extra := sorted(value.keys() - set(fields))):
        return f"has a row with `{extra[0]}`, which the probe does not give"
    for name, one in value.items():
        if isinstance(one, bool):
            return f"has `{name}` true or false, which SQL gives as 1 or 0"
        if isinstance(one, dict | list):
            return f"has an array or object in `{name}`, which SQL does not give"
    return None


@rule(
    "MRLC560",
    "state-never-changes",
    severity="warning",
    bad=(
        *SOUND,
        Edit("{human: 2}", "{human: 2, max_tokens: 128}"),
        Edit('write: "INSERT INTO visits VALUES (:day)"', 'read: "SELECT :day AS day"'),
    ),
    good=SOUND,
)
def compared_state_can_change(subject: Subject) -> Iterator[Finding]:
    """The final state is compared, and no tool changes the state that it is read from.

    Every episode ends with the state that it began with, so every group scores the same and
    there is nothing to learn.

    Add a tool that writes, or compare another state. A spec with `python` tools is not looked
    at, as their code may change any state.
    """
    tools = [tool for _, tool in subject.experiment.environment.every_tool()]
    if any(tool.python for tool in tools):
        return
    written = {
        tool.sql.state
        for tool in tools
        if tool.sql and (tool.sql.write or any(step.write for step in tool.sql.steps or ()))
    }
    written |= {tool.file.state for tool in tools if tool.file and tool.file.action in _CHANGES}
    written |= {tool.execute.state or "" for tool in tools if tool.execute}
    for path, probe, _ in _pairs(subject):
        if probe.state not in written:
            message = f"no tool changes `{probe.state}`, so this is the same in every episode"
            yield Finding(path, message)


_CHANGES = ("write", "delete")


@rule(
    "MRLC561",
    "unordered-rows",
    bad=(Edit("  answer:\n", PROBE.replace(" ORDER BY day", "")), *EXPECTED, SCORED),
    good=SOUND,
)
def compared_rows_are_ordered(subject: Subject) -> Iterator[Finding]:
    """Rows are compared in their order, and the probe does not say which order that is.

    Without ORDER BY the order of rows is whatever SQLite finds convenient: an index, or the
    order in which an equally good episode happened to write. The same state then scores 1 or 0.

    Add ORDER BY to the probe, or `ordered: false` to the comparison.
    """
    for path, declared in comparisons(subject):
        for name in declared.against if declared.ordered else ():
            probe = subject.experiment.environment.final.get(name)
            if probe is None or probe.read is None or probe.single or is_ordered(probe.read):
                continue
            labels = (Label(subject.value(f"environment.final.{name}.read"), "no ORDER BY"),)
            help = "add ORDER BY to the probe, or `ordered: false` here"
            message = f"the rows of `{name}` are compared in an order that nothing fixes"
            yield Finding(f"{path}.against.{name}", message, "", labels, help)


def is_ordered(statement: str) -> bool:
    """Whether the outermost SELECT has ORDER BY."""
    outer = re.sub(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", " ", statement, flags=re.DOTALL)
    while outer != (outer := re.sub(r"\([^()]*\)", " ", outer)):
        pass
    return re.search(r"\border\s+by\b", outer, re.IGNORECASE) is not None
