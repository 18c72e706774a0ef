"""The report: specs paired, their changes, and what follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mrlc.compiler.diff.changes import Change, changes
from mrlc.compiler.diff.classes import KINDS, Kind
from mrlc.compiler.diff.measures import Measures, measure
from mrlc.compiler.diff.side import Side

GATED = {
    "environment": ("environment", "turns", "data"),
    "reward": ("reward",),
    "evaluation": ("evaluation",),
    "model": ("model", "warm_start"),
}
"""What evidence of a gate is bound to, and the sections that each covers."""

Status = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class SpecDiff:
    """One spec that is not as it was."""

    name: str
    status: Status
    spec: str
    """Its file, relative to the root."""
    changes: tuple[Change, ...]
    """Empty for a spec that was added or removed."""
    old: Measures | None
    new: Measures | None
    semantic: tuple[str | None, str | None]
    """Digests of what changes a run, before and after."""
    waived: tuple[tuple[str, str], ...] = ()
    """Gates that the spec leaves out, each with its reason, changed or not."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The classes of its changes, gravest first."""
        present = {change.kind for change in self.changes}
        return tuple(kind for kind in KINDS if kind in present)

    @property
    def invalidated(self) -> tuple[str, ...]:
        """The digests that gates are bound to and that the change alters."""
        sections = {c.path.partition(".")[0] for c in self.changes if c.kind != "cosmetic"}
        return tuple(part for part, covered in GATED.items() if sections.intersection(covered))

    @property
    def warning(self) -> str | None:
        """Said of a change that carries more than one class."""
        mixed = [kind for kind in self.kinds if kind not in ("proof", "cosmetic")]
        if len(mixed) < 2:
            return None
        listed = f"{', '.join(mixed[:-1])} and {mixed[-1]}"
        return f"{listed} change at once: a difference in results will have no single cause"


@dataclass(frozen=True)
class Report:
    """All specs against another state of them."""

    against: str
    """What they are compared with, as a person would name it."""
    specs: tuple[SpecDiff, ...]
    unchanged: int
    """How many specs are as they were."""
    notes: tuple[str, ...] = ()
    """What could not be compared, and why."""


def compare(
    old: Sequence[Side], new: Sequence[Side], *, against: str, notes: Iterable[str] = ()
) -> Report:
    """The report of two states."""
    found = [_diff(*pair) for pair in _pairs(old, new)]
    specs = tuple(sorted((diff for diff in found if diff), key=lambda diff: diff.name))
    return Report(against, specs, len(found) - len(specs), tuple(notes))


def _pairs(old: Sequence[Side], new: Sequence[Side]) -> Iterator[tuple[Side | None, Side | None]]:
    """By name; a renamed spec by what it does, or by its file where that leaves no choice."""
    left, right = list(old), list(new)
    for key in (_name, _semantic, _spec):
        before, after = _single(left, key), _single(right, key)
        shared = before.keys() & after.keys()
        yield from ((before[value], after[value]) for value in sorted(shared))
        left = [side for side in left if key(side) not in shared]
        right = [side for side in right if key(side) not in shared]
    yield from ((side, None) for side in left)
    yield from ((None, side) for side in right)


def _single(sides: Sequence[Side], key: Callable[[Side], str]) -> dict[str, Side]:
    """The sides that alone have their key."""
    count = Counter(map(key, sides))
    return {key(side): side for side in sides if count[key(side)] == 1}


def _name(side: Side) -> str:
    return side.name


def _semantic(side: Side) -> str:
    return side.plan.digests.semantic


def _spec(side: Side) -> str:
    return side.spec


def _diff(old: Side | None, new: Side | None) -> SpecDiff | None:
    """None for two sides that are the same."""
    one = new or old
    assert one is not None
    if old and new and old.plan.digests == new.plan.digests:
        return None
    return SpecDiff(
        name=one.name,
        status="changed" if old and new else "added" if new else "removed",
        spec=one.spec,
        changes=changes(old, new) if old and new else (),
        old=measure(old.plan.experiment, old.files) if old else None,
        new=measure(new.plan.experiment, new.files) if new else None,
        semantic=(_semantic(old) if old else None, _semantic(new) if new else None),
        waived=tuple(sorted(new.plan.experiment.gates.waive.items())) if new else (),
    )
