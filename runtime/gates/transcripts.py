"""What was said in an episode, in one canonical form, and where two such records first differ.

A transcript has no ids and no times, and the fields that a tool declares volatile are placeholders
drawn from the episode's seed. So two plays of one script with one seed are the same episode just
when their transcripts are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mrlc.runtime.json_values import loads, quote
from mrlc.runtime.rollout.trajectory import Trajectory, Turn

Transcript = dict[str, Any]
_ABSENT = object()


@dataclass(frozen=True)
class Difference:
    """The first place in which two transcripts differ."""

    where: str
    """`turn 2, tool `find_bike`, field `days``."""
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.where}: {self.first} → {self.second}"


def transcript(trajectory: Trajectory) -> Transcript:
    """The record of an episode."""
    return {
        "turns": [_turn(turn) for turn in trajectory.turns],
        "stop": trajectory.stop.value,
        "detail": trajectory.detail,
        "answer": trajectory.answer.value if trajectory.answer else None,
        "final": dict(trajectory.final),
    }


def _turn(turn: Turn) -> dict[str, Any]:
    calls = [{"name": call.name, "arguments": call.arguments} for call in turn.calls]
    results = [_as_json(result.text) for result in turn.results]
    return {"text": turn.text, "calls": calls, "results": results, "user": turn.user}


def _as_json(text: str) -> Any:
    """A result as JSON where it is JSON, so that a difference is shown by field."""
    try:
        return loads(text)
    except ValueError:
        return text


def difference(first: Transcript, second: Transcript) -> Difference | None:
    """The first difference: of results by tool and field, then of how the episode ended."""
    turns = zip(first["turns"], second["turns"], strict=False)
    for number, (one, other) in enumerate(turns, 1):
        for call, before, after in zip(
            one["calls"], one["results"], other["results"], strict=False
        ):
            for path, old, new in _leaves(before, after):
                field = f", field `{path}`" if path else ""
                where = f"turn {number}, tool `{call['name']}`{field}"
                return Difference(where, _shown(old), _shown(new))
    for path, old, new in _leaves(first, second):
        return Difference(path, _shown(old), _shown(new))
    return None


def differing_fields(first: Any, second: Any) -> str:
    """`days: 3 → 4, job: "J1" → null`, of two JSON values."""
    parts = [
        f"{path or 'value'}: {_shown(old)} → {_shown(new)}"
        for path, old, new in _leaves(first, second)
    ]
    return ", ".join(parts[:4]) + (" …" if len(parts) > 4 else "")


def _leaves(first: Any, second: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path, old and new of every leaf that differs."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in [*first, *(key for key in second if key not in first)]:
            below = f"{path}.{key}" if path else str(key)
            yield from _leaves(first.get(key, _ABSENT), second.get(key, _ABSENT), below)
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from _leaves(one, other, f"{path}[{index}]")
    elif type(first) is not type(second) or first != second:
        yield path, first, second


def _shown(value: Any) -> str:
    return "–" if value is _ABSENT else quote(value, limit=80)


def lines_of(trajectory: Trajectory) -> tuple[str, ...]:
    """What was said turn by turn, short enough for a person."""
    lines = []
    for turn in trajectory.turns:
        said = [f"{call.name}({quote(call.arguments, limit=120)[1:-1]})" for call in turn.calls]
        heard = [f"⇒ {_cut(result.text)}" for result in turn.results]
        lines.append(" ".join(part for part in (_cut(turn.text), *said, *heard) if part))
    end = f"{trajectory.stop.value}: {trajectory.detail}" if trajectory.detail else trajectory.stop
    return (*lines, f"[{end}]")


def _cut(text: str, limit: int = 240) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
