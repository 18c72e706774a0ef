"""A database's refusal in words for the model: what is wrong, and no SQL.

SQLite's own text quotes the schema (`CHECK constraint failed: n >= 0`), which tells a model
about tables that no tool shows it. The author can choose the words: the name of a CHECK
(`CONSTRAINT "the amount must be positive" CHECK (…)`) and the message of RAISE are passed on.
"""

from __future__ import annotations

import re
import sqlite3

_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_ ,.'-]*")


def words(error: sqlite3.Error) -> str:
    """One line on why SQLite refused."""
    kind = getattr(error, "sqlite_errorname", "")
    subject = str(error).partition(" constraint failed: ")[2]
    columns = ", ".join(f"`{one.rpartition('.')[2]}`" for one in subject.split(", "))
    if kind in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        named = "." in subject  # an index on an expression has a name and no columns
        return f"another entry has the same {columns}" if named else "such an entry exists already"
    if kind == "SQLITE_CONSTRAINT_NOTNULL":
        return f"{columns} is missing"
    if kind == "SQLITE_CONSTRAINT_CHECK":
        given = _WORDS.fullmatch(subject)
        return subject.replace("_", " ") if given else "a value is not allowed"
    return _FIXED.get(kind, str(error))


_FIXED = {
    "SQLITE_CONSTRAINT_FOREIGNKEY": "it refers to an entry that does not exist, or is referred to",
    "SQLITE_CONSTRAINT_DATATYPE": "a value has the wrong type",
    "SQLITE_FULL": "there is no room for more",
}
