"""The cells of the table: each act, by each loop, measured or estimated.

A slow loop would take an hour over the large acts. Where it would take longer than its allowance,
its time is worked out from what was measured, and marked (`~`):

    stock, tools that wait    its time without waiting + episodes × turns × wait: it runs one tool
                              at a time
    any loop, more episodes   four times what it computed for a quarter of the episodes, and the
                              waits of that once: those of more episodes overlap

The first cell that a rule could replace is measured all the same, and wherever there are both, the
table keeps what the rule would have said. mrlc is always measured.

Seconds are those of `clock`: wall time, less what the load of the machine took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from .clock import Cost
from .ideal import Gauge, Machine
from .loops import LOOPS, TRAINERS, Played, check_equal, run_mrlc
from .stage import Act, Shape, Stage, open_stage
from .training import step_seconds

TURNS, TOOL_MS, EPISODES = (4, 12), (0, 20, 200), (16, 64, 256)
GROWTH = 4
"""Each number of episodes is so many times the one before."""
ALLOWANCE_S = {"stock": 18.0, "plain": 6.0}
"""What another loop may take; mrlc takes what it takes."""
TRAINED = 16
"""Most episodes whose training step is timed, unless all is asked for."""
REPEATED_S, TRIES = 6.0, 5
"""A run is repeated until it has taken so long, or so often; the least counts."""
TOKENS = 25
"""Of a turn and its result, about."""


Run = TypeVar("Run", bound=tuple[Any, ...])


@dataclass(frozen=True)
class Timing:
    """One loop on one act."""

    seconds: float
    idle: float
    """Seconds in which nothing was computed."""
    queued: float = 0.0
    """Part of the wall time that was taken off, as it was spent in the queue for a core."""
    is_estimate: bool = False


@dataclass(frozen=True)
class Cell:
    """One act, by all loops."""

    act: Act
    tokens: int
    """Of all episodes, prompts and results included."""
    written: int
    """Of those, the ones that the model wrote."""
    machine: Machine
    """What it gave during the run of mrlc that counts."""
    ideal_s: float
    timings: dict[str, Timing]
    steps_s: dict[str, float]
    """Of a training step on these episodes, where it was timed."""
    undrafted_s: float | None
    """By mrlc without guesses at what comes next, where it was timed: episodes that are forced to
    repeat one call word for word suit guesses, those of a policy that explores suit them less."""

    def over(self, loop: str, other: str = "mrlc") -> float:
        """How many times as long as the other a loop takes."""
        return self.timings[loop].seconds / self.timings[other].seconds


@dataclass(frozen=True)
class Table:
    """All cells of one run."""

    cells: dict[Act, Cell]
    checks: dict[str, list[float]]
    """Rule of estimation → estimate / measurement, wherever there are both."""


def measure_cells(
    folder: Path,
    shape: Shape,
    *,
    acts: Sequence[Act] = (),
    full: bool = False,
    on_cell: Callable[[Cell], None] = lambda cell: None,
) -> Table:
    """Play every act by every loop; `full` estimates nothing.

    Raises:
        Unequal: two loops did not run the same episodes.
    """
    acts = acts or [Act(t, ms, n) for t, ms, n in product(TURNS, TOOL_MS, EPISODES)]
    stages = _stages(folder, shape, acts)
    first = next(stages)
    for loop in LOOPS.values():
        loop(first)  # fills caches
    table = Table({}, {})
    gauge = Gauge(first.model)
    for stage in stages:
        _add(table, stage, gauge, full=full)
        on_cell(table.cells[stage.act])
    return table


def _stages(folder: Path, shape: Shape, acts: Sequence[Act]) -> Iterator[Stage]:
    """A stage to warm up on, and one for each act; all have one model."""
    model: Any = None
    for place, act in enumerate((Act(2, 0, 8), *acts)):
        stage = open_stage(folder / str(place), act, shape, model)
        model = stage.model
        yield stage


def _add(table: Table, stage: Stage, gauge: Gauge, *, full: bool) -> None:
    act, found = stage.act, {}
    timings: dict[str, Timing] = {}
    found["mrlc"], timings["mrlc"], machine = _gauged(stage, gauge)
    for loop, allowance_s in ALLOWANCE_S.items():
        guess = _estimate(table.cells, act, loop)
        is_tried = guess is not None and guess.rule in table.checks
        if guess and is_tried and not full and guess.timing.seconds > allowance_s:
            timings[loop] = guess.timing
            continue
        found[loop], timings[loop] = _best(partial(LOOPS[loop], stage))
        if guess is not None and guess.is_from_measurement:
            ratio = guess.timing.seconds / timings[loop].seconds
            table.checks.setdefault(guess.rule, []).append(ratio)
    check_equal(found)
    episodes = found["mrlc"]
    table.cells[act] = Cell(
        act,
        tokens=sum(len(one.prompt) + len(one.after) for one in episodes),
        written=sum(sum(one.written) for one in episodes),
        machine=machine,
        ideal_s=machine.ideal_s(episodes, tool_s=act.tool_ms / 1000),
        timings=timings,
        steps_s=_steps(stage, full=full),
        undrafted_s=None
        if act.tool_ms
        else _best(partial(run_mrlc, stage, draft_tokens=0))[1].seconds,
    )


@dataclass(frozen=True)
class _Estimate:
    rule: str
    timing: Timing
    is_from_measurement: bool


def _estimate(cells: dict[Act, Cell], act: Act, loop: str) -> _Estimate | None:
    """What a loop should take, from a cell before; None where a rule or its cell is missing."""
    waits, factor = 0.0, 1
    if loop == "stock" and act.tool_ms:
        rule, base = "stock, waits added", replace(act, tool_ms=0)
        waits = act.episodes * act.turns * act.tool_ms / 1000
    else:
        rule, base = f"{loop}, {GROWTH} x episodes", replace(act, episodes=act.episodes // GROWTH)
        factor = GROWTH
    if base not in cells:
        return None
    known = cells[base].timings[loop]
    idle = known.idle + waits
    timing = Timing((known.seconds - known.idle) * factor + idle, idle, is_estimate=True)
    return _Estimate(rule, timing, is_from_measurement=not known.is_estimate)


def _gauged(stage: Stage, gauge: Gauge) -> tuple[list[Played], Timing, Machine]:
    """The best of some runs of mrlc, and what the machine gave meanwhile."""
    watch = partial(gauge.watch, partial(run_mrlc, stage), length=TOKENS * stage.act.turns)
    played, cost, machine = _best_run(watch)
    return played, _timing(cost), machine


def _best(play: Callable[[], tuple[list[Played], Cost]]) -> tuple[list[Played], Timing]:
    """The best of some runs."""
    played, cost = _best_run(play)
    return played, _timing(cost)


def _best_run(play: Callable[[], Run]) -> Run:
    """Of runs that each give what was played, its cost, and more perhaps, the one of least cost."""
    runs: list[Run] = []
    while len(runs) < TRIES and sum(cost.wall for _, cost, *_ in runs) < REPEATED_S:
        runs.append(play())
    return min(runs, key=lambda run: run[1].seconds)


def _timing(cost: Cost) -> Timing:
    return Timing(cost.seconds, cost.idle, cost.queued / cost.wall)


def _steps(stage: Stage, *, full: bool) -> dict[str, float]:
    """Training steps do not depend on the tools, so they are timed once."""
    if stage.act.tool_ms or (stage.act.episodes > TRAINED and not full):
        return {}
    return {loop: step_seconds(stage, loop) for loop in TRAINERS}
