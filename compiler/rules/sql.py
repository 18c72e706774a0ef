"""SQL: each seed builds a database, and each statement of a tool or probe compiles against it.

Both run in memory under an authorizer, so that a seed cannot attach files, load extensions or
change the engine's settings, and under a step limit, so that it ends.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from typing import Any, NamedTuple

from mrlc.compiler.diagnostics import Diagnostic, Fix, Label, Span
from mrlc.compiler.files import InputFile
from mrlc.compiler.rules import Subject, check
from mrlc.compiler.suggest import did_you_mean, listing, nearest
from mrlc.compiler.tree import Scalar
from mrlc.compiler.variables import within
from mrlc.schemas.final import Probe
from mrlc.schemas.section import Unsound
from mrlc.schemas.tools import Sql, Tool
from mrlc.schemas.transaction import Step

MAX_STEPS = 50_000_000
"""Steps of SQLite's virtual machine that a seed may take; about a second."""

_FORBIDDEN = {
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_DETACH: "DETACH",
    sqlite3.SQLITE_PRAGMA: "PRAGMA",
}
_PLACEHOLDER = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|[:@$](\w+)|\?", re.DOTALL)
_VERBS = {
    "read": ("SELECT", "WITH", "VALUES"),
    "write": ("INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"),
}


@check
def states_and_statements_run(subject: Subject) -> Iterator[Diagnostic]:
    databases: dict[str, sqlite3.Connection | None] = {}
    try:
        for name, state in subject.experiment.environment.state.items():
            databases[name] = None
            with suppress(Unsound):  # the tools are looked at all the same
                if state.sqlite is not None:
                    file = subject.files[state.sqlite]
                    databases[name], faults = _seed(file, f"environment.state.{name}")
                    yield from faults
        for at, tool in subject.experiment.environment.every_tool():
            if tool.sql is not None:
                path = f"{at}.sql"
                yield from _tool(subject, tool, tool.sql, path, databases.get(tool.sql.state))
        for name, probe in subject.experiment.environment.final.items():
            if probe.read is not None:
                path = f"environment.final.{name}"
                yield from _probe(subject, probe, path, databases.get(probe.state))
    finally:
        for database in databases.values():
            if database is not None:
                database.close()


def _seed(file: InputFile, path: str) -> tuple[sqlite3.Connection | None, list[Diagnostic]]:
    """The database that a seed builds, or the fault that stops it."""
    if (fault := file.encoding_fault()) is not None:
        return None, [fault]
    if "\0" in file.text:
        line = file.text.count("\n", 0, file.text.index("\0")) + 1
        return None, [_seed_fault(file, line, "SQL holds no null character", path)]
    database = sqlite3.connect(":memory:", isolation_level=None)
    guard = _Guard()
    database.set_authorizer(guard)
    database.set_progress_handler(_limit(), 10_000)
    for line, statement in statements(file.text):
        try:
            database.execute(statement)
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
            database.close()
            return None, [_seed_fault(file, line, guard.reason(error), path)]
    database.set_progress_handler(None, 0)
    return database, []


def _seed_fault(file: InputFile, line: int, reason: str, path: str) -> Diagnostic:
    text = file.text.split("\n")[line - 1].rstrip("\r")
    column = len(text) - len(text.lstrip()) + 1
    span = Span(str(file.path), line, column, line, len(text) + 1, text)
    return Diagnostic("MRLC333", reason, span, path=path)


def statements(script: str) -> Iterator[tuple[int, str]]:
    """The statements of a script with the line each begins on, cut where SQLite would."""
    pending, line, is_begun = "", 1, False
    for number, text in enumerate(script.split("\n"), start=1):
        for piece in re.split(r"(?<=;)", text):
            pending += piece
            if not is_begun and _bare(pending):
                line, is_begun = number, True
            if piece.endswith(";") and sqlite3.complete_statement(pending):
                if _bare(pending).strip("; "):
                    yield line, pending
                pending, is_begun = "", False
        pending += "\n"
    if is_begun:
        yield line, pending


def _bare(text: str) -> str:
    return re.sub(r"--[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL).strip()


class _Statement(NamedTuple):
    """A statement of the spec, and what its placeholders may name."""

    path: str
    kind: str
    text: str
    state: str
    names: Iterable[str]
    named: str
    """What such a name is."""


def _tool(
    subject: Subject, tool: Tool, sql: Sql, path: str, database: sqlite3.Connection | None
) -> Iterator[Diagnostic]:
    """One statement, or steps of which each may use what those before it return."""
    known = list(tool.parameters)
    for at, one in _parts(sql, path):
        kind = "read" if one.read is not None else "write"
        text = one.read or one.write or ""
        named = f"a parameter of tool `{tool.name}`"
        named += "" if at == path else ", nor a column of a step before"
        statement = _Statement(f"{at}.{kind}", kind, text, sql.state, known, named)
        faults = [*_arguments(subject, statement), *_compiles(subject, statement, database)]
        yield from faults
        if faults or database is None:
            return  # what this step returns is not known, so nothing can be said of the next
        known = [*known, *columns(database, text, kind)]
    for index, name in enumerate(sql.returns or ()):
        if name not in known:
            message = f"`{name}` is not {named}"
            at = f"{path}.returns.{index}"
            help = did_you_mean(name, known) or f"the names are {listing(known)}"
            yield Diagnostic("MRLC330", message, subject.value(at), help=help, path=at)


def _parts(sql: Sql, path: str) -> Iterator[tuple[str, Sql | Step]]:
    if sql.steps is None:
        yield path, sql
    for index, step in enumerate(sql.steps or ()):
        yield f"{path}.steps.{index}", step


def _probe(
    subject: Subject, probe: Probe, path: str, database: sqlite3.Connection | None
) -> Iterator[Diagnostic]:
    """A SELECT whose placeholders are columns that every task has."""
    tables = [table for _, table in subject.splits()]
    names = [name for name in tables[0].columns if all(name in one.columns for one in tables)]
    text = probe.read or ""
    statement = _Statement(
        f"{path}.read", "read", text, probe.state, names, "a column of the tasks"
    )
    yield from _arguments(subject, statement)
    yield from _compiles(subject, statement, database)


def _compiles(
    subject: Subject, statement: _Statement, database: sqlite3.Connection | None
) -> Iterator[Diagnostic]:
    if database is None:
        return
    reason = _compile(database, statement.text, statement.kind)
    if reason is not None:
        seed = subject.experiment.environment.state[statement.state].sqlite
        built = Label(subject.name(f"environment.state.{statement.state}"), f"built by {seed}")
        labels = (built,) if "no such" in reason else ()
        span = subject.value(statement.path)
        yield Diagnostic("MRLC333", reason, span, "", labels, path=statement.path)


def _compile(database: sqlite3.Connection, statement: str, kind: str) -> str | None:
    """Why SQLite cannot prepare a statement, or None; nothing is run."""
    verb = (_bare(statement).split() or [""])[0].upper()
    if verb not in _VERBS[kind]:
        wanted = "a SELECT" if kind == "read" else "an INSERT, UPDATE or DELETE"
        return f"`{kind}` is {wanted}, not {verb or 'empty'}"
    guard = _Guard(writes=kind == "write")
    database.set_authorizer(guard)
    names = dict.fromkeys(placeholders(statement))
    try:
        database.execute(f"EXPLAIN {statement}", names).close()
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        return guard.reason(error)
    return None


def _arguments(subject: Subject, statement: _Statement) -> Iterator[Diagnostic]:
    names, path = list(statement.names), statement.path
    scalar = subject.scalar(path)
    for match in _PLACEHOLDER.finditer(statement.text):
        name = match.group(1)
        if (name is None and match.group() != "?") or name in names:
            continue
        span = within(scalar, *match.span()) if isinstance(scalar, Scalar) else subject.value(path)
        if match.group()[0] != ":":
            message = f"`{match.group()}` is not a placeholder: write `:argument`"
            yield Diagnostic("MRLC333", message, span, path=path)
            continue
        message = f"`{match.group()}` is not {statement.named}"
        help = did_you_mean(name, names)
        near = nearest(name, names)
        fix = Fix.at(span, f":{name}", f":{near}") if near else None
        yield Diagnostic("MRLC330", message, span, help=help, path=path, fix=fix)


def probe_columns(subject: Subject, probe: Probe) -> list[str] | None:
    """The columns of a probe's rows; None where its state or its statement has a fault."""
    state = subject.experiment.environment.state.get(probe.state)
    if state is None or state.sqlite is None or probe.read is None:
        return None
    database, _ = _seed(subject.files[state.sqlite], "")
    if database is None:
        return None
    with closing(database):
        if _compile(database, probe.read, "read") is not None:
            return None
        return columns(database, probe.read, "read")


def columns(database: sqlite3.Connection, statement: str, kind: str) -> list[str]:
    """The columns that a statement gives; nothing of it is run. It has been compiled before."""
    names = dict.fromkeys(placeholders(statement))
    bare = statement.strip().rstrip(";")
    select = f"SELECT * FROM (\n{bare}\n) LIMIT 0"
    if kind == "write":
        returned = re.search(r"\breturning\b(.*)$", bare, re.IGNORECASE | re.DOTALL)
        if returned is None:
            return []
        select = f"SELECT {returned.group(1)}\nFROM {_table(database, statement, names)} LIMIT 0"
    try:
        with closing(database.execute(select, names)) as cursor:
            return [column[0] for column in cursor.description]
    except sqlite3.Error:
        return []


def _table(database: sqlite3.Connection, statement: str, names: dict[str, None]) -> str:
    """The table that a statement writes first, quoted."""
    tables: list[str] = []

    def watch(action: int, first: str | None, *_: Any) -> int:
        tables.extend([first or ""] if action in _WRITES else ())
        return sqlite3.SQLITE_OK

    database.set_authorizer(watch)
    database.execute(f"EXPLAIN {statement}", names).close()
    return '"' + tables[0].replace('"', '""') + '"'


def placeholders(statement: str) -> list[str]:
    """The names of `:argument` placeholders, outside of literals and comments."""
    found = (match.group(1) for match in _PLACEHOLDER.finditer(statement))
    return sorted({name for name in found if name})


def _limit() -> Any:
    """A progress handler that stops SQLite after `MAX_STEPS`."""
    left = MAX_STEPS // 10_000

    def tick() -> int:
        nonlocal left
        left -= 1
        return int(left < 0)

    return tick


class _Guard:
    """An authorizer that refuses what leaves the database, and remembers what it refused."""

    def __init__(self, *, writes: bool = True) -> None:
        self.writes = writes
        self.refused: str | None = None

    def __call__(self, action: int, first: str | None, second: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_PRAGMA and first == "data_version" and second is None:
            return sqlite3.SQLITE_OK  # full-text search reads it
        if action in _FORBIDDEN:
            self.refused = f"{_FORBIDDEN[action]} is not allowed"
        elif action == sqlite3.SQLITE_FUNCTION and second == "load_extension":
            self.refused = "load_extension is not allowed"
        elif not self.writes and action not in _READS:
            self.refused = "`read` may not change the database"
        return sqlite3.SQLITE_DENY if self.refused else sqlite3.SQLITE_OK

    def reason(self, error: Exception) -> str:
        """What went wrong, in one line."""
        if str(error) == "interrupted":
            return "the seed takes too long"
        return self.refused or f"SQLite says: {error}"


_WRITES = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
