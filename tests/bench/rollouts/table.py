"""The table as text and as JSON, and what it says of each goal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from .cells import Cell, Table, Timing
from .loops import LOOPS, TRAINERS
from .stage import Act

WIDTH = 8
GROUPS = (
    ("rollouts/s", tuple(LOOPS)),
    ("tokens/s, written", tuple(LOOPS)),
    ("tool wait, s", tuple(LOOPS)),
    ("train step, s", tuple(TRAINERS)),
    ("s", ("mrlc", "ideal")),
    ("times mrlc", ("stock", "plain")),
)
"""Heading → columns."""


@dataclass(frozen=True)
class Goal:
    """A promise, and the cell that is furthest from it."""

    says: str
    figure: float
    is_met: bool
    at: str
    is_estimate: bool

    def line(self) -> str:
        """As it is printed."""
        verdict = "met    " if self.is_met else "not met"
        return f"{verdict}  {self.says}: {_mark(self.is_estimate)}{self.figure:.2f} ({self.at})"


def head() -> Iterator[str]:
    """What stands over the rows."""
    yield "turns  tools episodes" + "".join(
        f"  {name:^{len(columns) * WIDTH - 2}}" for name, columns in GROUPS
    )
    yield " " * 21 + "".join(f"{name:>{WIDTH}}" for _, columns in GROUPS for name in columns)


def row(cell: Cell) -> str:
    """One act."""
    act = cell.act
    start = f"{act.turns:5} {act.tool_ms:3} ms {act.episodes:8}"
    return start + "".join(f"{figure:>{WIDTH}}" for figure in _figures(cell))


def foot(table: Table) -> Iterator[str]:
    """What the figures mean, how far the estimates can be trusted, and each goal."""
    queued = max(_own(cell).queued for cell in table.cells.values())
    yield (
        "Seconds are wall time without the queue for a core, which took mrlc "
        f"{queued:.0%} of its wall time at most. ~ is estimated, not measured:"
    )
    for rule, ratios in table.checks.items():
        span = f"{min(ratios):.2f} to {max(ratios):.2f}"
        yield f"~ {rule}: estimate / measurement {span} in {len(ratios)} cells that have both"
    machines = [cell.machine for cell in table.cells.values()]
    steps, rates = [m.step_s * 1000 for m in machines], [m.flops / 1e9 for m in machines]
    yield (
        f"{(machines[0].body + machines[0].head) / 1e6:.2f} million weights; as each cell was measured, "
        f"a step of one row took {min(steps):.2f} to {max(steps):.2f} ms, "
        f"matrix products ran at {min(rates):.0f} to {max(rates):.0f} GFLOP/s"
    )
    plain = {act: cell for act, cell in table.cells.items() if cell.undrafted_s is not None}
    for act, cell in plain.items():
        stock, own = cell.timings["stock"], cell.undrafted_s or 0.0
        gain = f"{_mark(stock.is_estimate)}{stock.seconds / own:.1f}x"
        yield f"without drafts, {_name(act)}: {_number(own)} s, stock {gain}"
    for cell, base in _grown(table):
        stock, short = cell.timings["stock"], base.timings["stock"]
        grown = f"{stock.seconds / short.seconds:.1f} x"
        yield (
            f"from {base.act.turns} to {_name(cell.act)}: tokens {cell.tokens / base.tokens:.2f} x, "
            f"the ideal {cell.ideal_s * cell.machine.flops / base.ideal_s / base.machine.flops:.2f} x, "
            f"mrlc {_times(cell, base):.2f} x, "
            f"stock {_mark(stock.is_estimate or short.is_estimate)}{grown}"
        )
    for goal in goals(table):
        yield goal.line()


def goals(table: Table) -> list[Goal]:
    """Each with its worst cell."""
    cells = list(table.cells.values())
    slow_tools = [c for c in cells if c.act.tool_ms == 200]
    long_instant = [c for c in cells if c.act.tool_ms == 0 and c.act.turns == 12]
    others = [loop for loop in LOOPS if loop != "mrlc"]
    found = [
        _least("at least 10 x stock at 200 ms", 10, slow_tools, ["stock"]),
        _least("at least 5 x stock at 0 ms and 12 turns", 5, long_instant, ["stock"]),
        _least("never slower than any", 1, cells, others),
        _most("within 1.5 x the ideal", 1.5, cells, lambda c: _own(c).seconds / c.ideal_s),
        _growth(table),
    ]
    return [goal for goal in found if goal is not None]


def as_json(table: Table) -> dict[str, Any]:
    """Everything, for a program."""
    return {
        "cells": [asdict(cell) for cell in table.cells.values()],
        "estimate_over_measurement": {rule: fmean(of) for rule, of in table.checks.items()},
        "goals": [asdict(goal) for goal in goals(table)],
    }


def _figures(cell: Cell) -> Iterator[str]:
    timings = [cell.timings[loop] for loop in LOOPS]
    yield from (_shown(t, cell.act.episodes / t.seconds) for t in timings)
    yield from (_shown(t, cell.written / t.seconds) for t in timings)
    yield from (_shown(t, t.idle) for t in timings)
    yield from (_number(cell.steps_s[loop]) if cell.steps_s else "" for loop in TRAINERS)
    yield from (_number(_own(cell).seconds), _number(cell.ideal_s))
    yield from (
        f"{_mark(cell.timings[loop].is_estimate)}{cell.over(loop):.1f}x"
        for loop in ("stock", "plain")
    )


def _least(says: str, bound: float, cells: Iterable[Cell], loops: Iterable[str]) -> Goal | None:
    pairs = [(cell.over(loop), loop, cell) for loop in loops for cell in cells]
    if not pairs:
        return None
    figure, loop, cell = min(pairs, key=lambda pair: pair[0])
    at, guess = f"{loop}, {_name(cell.act)}", cell.timings[loop].is_estimate
    return Goal(says, figure, figure >= bound, at, guess)


def _most(
    says: str, bound: float, cells: Iterable[Cell], figure_of: Callable[[Cell], float]
) -> Goal:
    worst = max(cells, key=figure_of)
    figure = figure_of(worst)
    return Goal(says, figure, figure <= bound, _name(worst.act), is_estimate=False)


def _growth(table: Table) -> Goal | None:
    """Time × against tokens × from few turns to many, without waits."""
    found = []
    for cell, base in _grown(table):
        found.append((_times(cell, base) / (cell.tokens / base.tokens), base.act.turns, cell.act))
    if not found:
        return None
    figure, few, act = max(found, key=lambda one: one[0])
    says = f"time over tokens from {few} to {act.turns} turns at most 1"
    return Goal(says, figure, figure <= 1, _name(act), is_estimate=False)


def _times(cell: Cell, base: Cell) -> float:
    """How many times the other's time a cell takes mrlc, at one speed of the machine."""
    spent, short = (_own(one).seconds * one.machine.flops for one in (cell, base))
    return spent / short


def _grown(table: Table) -> Iterator[tuple[Cell, Cell]]:
    """Cells of most turns, with tools that answer at once, and those of fewest turns beside them."""
    few, many = min(a.turns for a in table.cells), max(a.turns for a in table.cells)
    for act, cell in table.cells.items():
        base = table.cells.get(Act(few, act.tool_ms, act.episodes))
        if base is not None and act.turns == many != few and act.tool_ms == 0:
            yield cell, base


def _own(cell: Cell) -> Timing:
    return cell.timings["mrlc"]


def _name(act: Act) -> str:
    return f"{act.turns} turns, {act.tool_ms} ms, {act.episodes} episodes"


def _shown(timing: Timing, value: float) -> str:
    return _mark(timing.is_estimate) + _number(value)


def _mark(is_estimate: bool) -> str:
    return "~" if is_estimate else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
