"""The SQLite state of an episode: seeded once, then copied for each episode, in memory.

A copy can be read and written, and nothing more: no schema change, no other file, no
extension, no pragma. Foreign keys are enforced. `random()` draws from the episode's
stream. A statement is interrupted at the deadline of the call that runs it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from random import Random

from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.errors import PlanFault

Authorizer = Callable[[int, str | None, str | None, str | None, str | None], int]

READS = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
WRITES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_ALLOWED = READS | WRITES | {sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT}
_LEAVES_THE_FILE = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})
_REFUSED_FUNCTIONS = frozenset({"load_extension", "randomblob"})

_INSTRUCTIONS_PER_CHECK = 20_000
"""Of SQLite's machine between two looks at the clock: under a millisecond."""

SEED_S = 60.0
"""For the script of a database, once a process: what a job starts with, and not what it does."""

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,  # bytes of a value: a model may ask for zeroblob(n)
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 20_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,  # LIKE is exponential, and cannot be stopped
}

_ROOM = 1_024
"""Pages of 4 KiB that an episode may add: an endless INSERT ends here, not with the memory."""


class Database:
    """A database as its script left it."""

    def __init__(self, template: sqlite3.Connection) -> None:
        self._template = template

    @classmethod
    def load(cls, script: Path, *, path: str) -> Database:
        """Run `script` on an empty database; `path` is where the spec names it.

        Raises:
            PlanFault: the script fails, or comes to no end.
        """
        # Threads: episodes may be played in another one than loaded it, never in two at a time.
        template = sqlite3.connect(":memory:", check_same_thread=False)
        template.set_authorizer(_seeding)
        _seed_random(template, Random(0))
        until = time.monotonic() + SEED_S
        template.set_progress_handler(lambda: time.monotonic() > until, _INSTRUCTIONS_PER_CHECK)
        try:
            template.executescript(script.read_text(encoding="utf-8-sig"))
            template.commit()
        except (sqlite3.Error, OSError, ValueError) as error:
            template.close()
            is_late = time.monotonic() > until
            cause = f"it took longer than {SEED_S:g} s" if is_late else error
            raise PlanFault(path, f"{script.name} cannot be run: {cause}") from error
        template.set_progress_handler(None, 0)
        template.set_authorizer(None)
        return cls(template)

    def open(self, scope: Scope) -> sqlite3.Connection:
        """A private copy for one episode, which closes it."""
        connection = self._copy()
        try:
            _seed_random(connection, scope.random)
            guard(connection, scope)
        except BaseException:
            connection.close()
            raise
        return connection

    def actions(self, statement: str, names: Iterable[str]) -> set[int]:
        """SQLite's codes of what a statement does; it is prepared and not run.

        Raises:
            sqlite3.Error, sqlite3.Warning: it cannot be prepared with these names bound, or
                does what no episode may.
        """
        seen: set[int] = set()

        def watch(*action: int | str | None) -> int:
            seen.add(int(action[0] or 0))
            return _running(*action)  # type: ignore[arg-type]

        with closing(self._copy()) as connection:
            # Twice: a virtual table's first use declares it, which is not the statement's doing.
            for authorizer in (_running, watch):
                connection.set_authorizer(authorizer)
                connection.execute(f"EXPLAIN {statement}", dict.fromkeys(names))
        return seen

    def _copy(self) -> sqlite3.Connection:
        # Threads: a `python` tool may use it from its worker, one call at a time.
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._template.backup(connection)
        connection.execute("PRAGMA foreign_keys = ON")
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + _ROOM}")
        connection.text_factory = _text
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        return connection


def guard(connection: sqlite3.Connection, scope: Scope) -> None:
    """Let a connection do only what an episode may, up to the deadline of its call."""
    connection.set_authorizer(_running)
    connection.set_progress_handler(
        lambda: time.monotonic() > scope.deadline, _INSTRUCTIONS_PER_CHECK
    )


def error_code(error: BaseException) -> int:
    """SQLite's primary code of an error; 0 where it is not SQLite's."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _running(
    action: int, name: str | None, other: str | None, _database: str | None, _by: str | None
) -> int:
    """The authorizer of an episode; for a function, `other` is its name."""
    is_refused = action == sqlite3.SQLITE_FUNCTION and other in _REFUSED_FUNCTIONS
    if action in _ALLOWED and not is_refused:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and name == "data_version" and other is None:
        return sqlite3.SQLITE_OK  # full-text search reads it
    return sqlite3.SQLITE_DENY


def _seeding(
    action: int, _name: str | None, other: str | None, _database: str | None, _by: str | None
) -> int:
    """The authorizer of a script: it may do all that stays in its database."""
    is_refused = action == sqlite3.SQLITE_FUNCTION and other in _REFUSED_FUNCTIONS
    leaves = action in _LEAVES_THE_FILE
    return sqlite3.SQLITE_DENY if leaves or is_refused else sqlite3.SQLITE_OK


def _seed_random(connection: sqlite3.Connection, random: Random) -> None:
    connection.create_function("random", 0, lambda: random.getrandbits(64) - 2**63)


def _text(value: bytes) -> str:
    """Text that SQL cut in the middle of a character is still text."""
    return value.decode(errors="replace")
