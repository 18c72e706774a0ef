"""Evaluations as people read them: policies side by side, then each against the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mrlc.tables import Block, Lines, Table

Result = Mapping[str, Any]
"""An `EvaluationResult` as JSON has it."""

LISTED = 8
"""Tasks named in a list; the rest is counted."""
LEGEND = (
    "[…] 95% interval: exact for success and completion, Wilson's for fields, "
    "bootstrap over tasks for the rest"
)


def blocks(
    title: str, results: Sequence[tuple[str, Result]], comparisons: Sequence[Mapping[str, Any]]
) -> Iterator[Block]:
    """The figures, how episodes ended, and what became of each task.

    `comparisons` have the names `before` and `after` beside what `Comparison` has.
    """
    columns = ("", *(name for name, _ in results))
    found = [result for _, result in results]
    yield Table(title, columns, tuple(_figures(found)))
    if cells := tuple(_cells(found)):
        yield Table("greedy episodes by how they ended", columns, cells)
    for one in comparisons:
        yield Lines(tuple(_changes(one)))
    yield Lines((LEGEND,))


def _figures(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    def row(label: str, cell: Callable[[Result], str]) -> tuple[str, ...]:
        return (label, *(cell(result) for result in results))

    yield row("success (greedy)", lambda of: _share(of["success"], _interval(of, "success")))
    for k in _names(results, "pass_at"):
        yield row(
            f"pass@{k} (sampled)",
            lambda of, k=k: _share(of["pass_at"].get(k), _interval(of, f"pass_at_{k}")),  # type: ignore[misc]
        )
    yield row("mean score", lambda of: _number(of["mean_score"], _interval(of, "mean_score")))
    for name in _names(results, "fields"):
        yield row(
            f"field {name}",
            lambda of, name=name: _share(  # type: ignore[misc]
                of.get("fields", {}).get(name), _interval(of, f"fields.{name}")
            ),
        )
    yield row("completion", lambda of: _share(of["completion"], _interval(of, "completion")))
    yield row("turns", lambda of: f"{of['turns']:.1f}")
    yield row("tool calls", lambda of: f"{of['tool_calls']:.1f}" if "tool_calls" in of else "–")
    yield row("unscorable episodes", lambda of: f"{of['unscorable']} of {of['tasks']}")


def _cells(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    for name in _names(results, "cells"):
        counts = (result.get("cells", {}).get(name, 0) for result in results)
        yield (name.replace("_", " "), *map(str, counts))


def _names(results: Sequence[Result], key: str) -> list[str]:
    return list(dict.fromkeys(name for result in results for name in result.get(key, ())))


def _changes(one: Mapping[str, Any]) -> Iterator[str]:
    low, high = (100 * bound for bound in one["interval"])
    yield (
        f"{one['after']} against {one['before']}, {counted(one['tasks'], 'task')} paired: success "
        f"{100 * one['difference']:+.1f} points [{low:+.1f}, {high:+.1f}], "
        f"McNemar's exact p {_p(one['p'])}"
    )
    for word in ("fixed", "broken"):
        yield f"  {word} {len(one[word])}{_listed(one[word])}"


def counted(number: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(tasks: Sequence[str]) -> str:
    if not tasks:
        return ""
    more = len(tasks) - LISTED
    return f": {', '.join(tasks[:LISTED])}" + (f" and {more} more" if more > 0 else "")


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _interval(result: Result, name: str) -> Sequence[float] | None:
    found: Sequence[float] | None = result.get("intervals", {}).get(name)
    return found


def _share(value: float | None, interval: Sequence[float] | None) -> str:
    if value is None:
        return "–"
    shown = f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]" if interval else ""
    return f"{value:.1%}{shown}"


def _number(value: float | None, interval: Sequence[float] | None) -> str:
    if value is None:
        return "–"
    shown = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
    return f"{value:.3f}{shown}"
