"""What the formats for people share: values, places and numbers in few words."""

from __future__ import annotations

import json
from typing import Any

from mrlc.compiler.diff.changes import ABSENT, Change
from mrlc.compiler.diff.measures import Measures
from mrlc.compiler.diff.report import SpecDiff
from mrlc.compiler.diff.rows import RowChanges
from mrlc.compiler.render.text import visible
from mrlc.compiler.targets.prices import Ceiling
from mrlc.schemas.plan import Position

WIDTH = 72
"""Code points shown of a value."""
LISTED = 5
"""Rows named of each kind; the rest is counted."""


def values(change: Change) -> tuple[str, str]:
    """Old and new, with the part in which two long texts differ."""
    if change.digests is not None:
        old, new = ((digest or "")[:10] for digest in change.digests)
        names = visible(str(change.old)), visible(str(change.new))
        moved = f"{names[1]} " if names[0] != names[1] else ""
        return f"{names[0]} ({old})", f"{moved}({new})"
    old, new = _text(change.old), _text(change.new)
    start = 0
    if max(len(old), len(new)) > WIDTH:
        same = next(
            (i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
            min(len(old), len(new)),
        )
        start = max(0, min(same - WIDTH // 3, max(len(old), len(new)) - WIDTH))
    return _window(old, start), _window(new, start)


def _text(value: Any) -> str:
    if value is ABSENT:
        return "–"
    return visible(value if isinstance(value, str) and value else _json(value))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _window(text: str, start: int) -> str:
    end = start + WIDTH
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def short(text: str) -> str:
    """The beginning of a name."""
    return _window(visible(text), 0)


def place(at: Position | None, value: Any) -> str:
    """`file:line:column`; of what is nowhere written, why."""
    if at is None:
        return "absent" if value is ABSENT else "default"
    return f"{visible(at.file)}:{at.line}:{at.column}"


def rows(found: RowChanges) -> str:
    """`2 tasks added (a, b), 1 removed (c)`."""
    parts = [
        f"{len(names)} {verb} ({_listed(names)})"
        for verb in ("added", "removed", "changed")
        if (names := getattr(found, verb))
    ]
    return f"{found.unit}s: {', '.join(parts) or 'the same, in other bytes'}"


def _listed(names: tuple[str, ...]) -> str:
    more = f", {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(map(short, names[:LISTED])) + more


def measures(diff: SpecDiff) -> list[tuple[str, str]]:
    """Label and `old → new` of each measure; unchanged ones once."""
    before, after = (_measured(one) if one else {} for one in (diff.old, diff.new))
    shown = []
    for label in after or before:
        pair = [value for value in (before.get(label), after.get(label)) if value is not None]
        shown.append((label, " → ".join(dict.fromkeys(pair))))
    waived = [(f"waived gate {code}", visible(reason)) for code, reason in diff.waived]
    return [*shown, *waived]


def _measured(found: Measures) -> dict[str, str]:
    return {
        "reward range": f"{found.reward_min:g} to {found.reward_max:g}",
        "tokens an episode": f"{found.tokens_per_episode:,}",
        "episodes a step": f"{found.episodes_per_step:,}",
        "tokens a step": f"{found.tokens_per_step:,}",
        "episodes in all": f"{found.episodes:,}",
        "tokens in all": f"{found.tokens:,}",
        **_cost(found.ceiling),
    }


def _cost(most: Ceiling | None) -> dict[str, str]:
    """An upper bound: how much less a spot job or an early end costs is not known before."""
    if most is None:
        return {"cost": "runs here: the target is this machine"}
    unknown = f"not known: {most.instances} has no price"
    less = ", less on spot" if most.spot else ""
    return {
        "GPU hours": unknown if most.gpu_hours is None else f"at most {most.gpu_hours:,g}",
        "cost": unknown
        if most.usd is None
        else f"at most ${most.usd:,.2f}{less}: {most.hours:,g} h of {most.instances} ({most.basis})",
    }


def headline(diff: SpecDiff) -> str:
    """`changed: 3 changes (incentive, cost)`."""
    if diff.status != "changed":
        return f"{diff.status} ({visible(diff.spec)})"
    count = len(diff.changes)
    return f"{count} change{'' if count == 1 else 's'} ({', '.join(diff.kinds)})"


def consequence(diff: SpecDiff) -> str | None:
    """The gates whose evidence no longer holds."""
    if not diff.invalidated:
        return None
    return f"gates to pass again: those bound to {', '.join(diff.invalidated)}"


def unchanged(count: int) -> str:
    """How many specs are as they were."""
    return f"{count} spec{'' if count == 1 else 's'} unchanged"
