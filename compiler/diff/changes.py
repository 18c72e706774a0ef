"""Two experiments, leaf by leaf.

Tools and reward components are paired by their names, so that a new one in front is one
addition and not a change of all behind it. A file counts by its content: one that only moved
is a cosmetic change. Values are the same when their canonical JSON is: 1 is not 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from mrlc.compiler.canonical import canonical
from mrlc.compiler.diff.classes import KINDS, Kind, class_of
from mrlc.compiler.diff.rows import RowChanges, row_changes
from mrlc.compiler.diff.side import Side
from mrlc.compiler.fingerprint import folder_content
from mrlc.compiler.inputs import BASE
from mrlc.compiler.markers import fits, marked
from mrlc.compiler.tree import Keys
from mrlc.schemas.plan import Position
from mrlc.schemas.section import FolderMarker, PromptMarker

NAMED: tuple[Keys, ...] = (("environment", "tools"), ("reward", "components"))
"""Lists whose items have names."""


class _Absent:
    """In place of a value that one side does not have."""


ABSENT: Final = _Absent()


@dataclass(frozen=True)
class Change:
    """One value, before and after."""

    path: str
    """Dotted; tools and components by name."""
    kind: Kind
    old: Any
    """A JSON value, or `ABSENT`."""
    new: Any
    old_at: Position | None
    """None where the value is a default or absent."""
    new_at: Position | None
    digests: tuple[str | None, str | None] | None = None
    """Of a file's content, before and after, where that is what changed."""
    rows: RowChanges | None = None
    """What changed in a data file."""


@dataclass(frozen=True)
class _Place:
    """A path as shown, and as each side spells it."""

    shown: Keys = ()
    old: Keys = ()
    new: Keys = ()

    def below(self, key: str, old: str | None = None, new: str | None = None) -> _Place:
        return _Place((*self.shown, key), (*self.old, old or key), (*self.new, new or key))


def changes(old: Side, new: Side) -> tuple[Change, ...]:
    """Every difference of two sides, gravest class first."""
    before, after = (
        side.plan.experiment.model_dump(mode="json", by_alias=True) for side in (old, new)
    )
    found = _Comparison(old, new).walk(_Place(), before, after)
    return tuple(sorted(found, key=lambda change: KINDS.index(change.kind)))


class _Comparison:
    def __init__(self, old: Side, new: Side) -> None:
        self.old = old
        self.new = new

    def walk(self, place: _Place, old: Any, new: Any) -> Iterator[Change]:
        if _is_file(place.shown) and isinstance(old, str) and isinstance(new, str):
            yield from self.file(place, old, new)
        elif isinstance(old, dict) and isinstance(new, dict):
            for key in [*new, *(key for key in old if key not in new)]:
                step = place.below(key)
                yield from self.walk(step, old.get(key, ABSENT), new.get(key, ABSENT))
        elif place.shown in NAMED and old is not ABSENT and new is not ABSENT:
            yield from self.named(place, old, new)
        elif old is ABSENT or new is ABSENT or canonical(old) != canonical(new):
            yield self.change(place, old, new)

    def change(self, place: _Place, old: Any, new: Any) -> Change:
        return Change(
            ".".join(place.shown),
            class_of(place.shown),
            old,
            new,
            None if old is ABSENT else self.old.at(place.old),
            None if new is ABSENT else self.new.at(place.new),
        )

    def named(self, place: _Place, old: list[Any], new: list[Any]) -> Iterator[Change]:
        """The items of two lists by name, and their order where that is all that differs."""
        before = {item["name"]: (str(i), item) for i, item in enumerate(old)}
        after = {item["name"]: (str(i), item) for i, item in enumerate(new)}
        shared = [name for name in after if name in before]
        if shared != (was := [name for name in before if name in after]):
            yield self.change(place, was, shared)
        for name in [*after, *(name for name in before if name not in after)]:
            old_index, old_item = before.get(name, (None, ABSENT))
            new_index, new_item = after.get(name, (None, ABSENT))
            yield from self.walk(place.below(name, old_index, new_index), old_item, new_item)

    def file(self, place: _Place, old: str, new: str) -> Iterator[Change]:
        digests = self.content(self.old, place, old), self.content(self.new, place, new)
        change = self.change(place, old, new)
        if digests[0] != digests[1]:
            rows = row_changes(self.old.files.get(old), self.new.files.get(new), place.shown)
            yield _with(change, digests=digests, rows=rows)
        elif old != new:
            yield _with(change, kind="cosmetic") if digests[0] else change

    def content(self, side: Side, place: _Place, name: str) -> str | None:
        """What a file, code or model folder holds; None for what is only a name."""
        if place.shown == BASE or _is_folder(place.shown):
            return _folder_digest(side, name)
        file, colon, function = name.partition(":")
        return side.plan.inputs[file].sha256 + colon + function


def _with(change: Change, **values: Any) -> Change:
    return Change(**{**change.__dict__, **values})


def _is_file(path: Keys) -> bool:
    return path == BASE or any(
        fits(path, pattern) for pattern, marker in marked() if not isinstance(marker, PromptMarker)
    )


def _is_folder(path: Keys) -> bool:
    return any(fits(path, at) for at, marker in marked() if isinstance(marker, FolderMarker))


def _folder_digest(side: Side, name: str) -> str | None:
    files = folder_content(name, side.plan.inputs)
    return sha256(canonical(files)).hexdigest() if isinstance(files, dict) else None
