"""`tool_called`: 1 when a tool was called as often as asked.

    tool: find_bike, called once with a result             1
    the same, but every call was answered by an error      0     unless `succeeded: false`
    min_times 2, called once                               0
    max_times 1, called twice                              0
    arguments {bike: task.bike}, another bike looked up    0

With `per: turn`, each call that counts pays 1 ÷ `min_times` at the turn that made it, until
`min_times` are paid: two calls in the first turn, one in the third, min_times 3

    0.67, 0, 0.33

A call without a result was never made: the budget ended before it. The arguments compared are
those that the model wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mrlc.runtime.json_values import equal
from mrlc.runtime.reward.component import COMPONENTS, Component, Site
from mrlc.runtime.rollout.trajectory import ToolCall, ToolResult, Trajectory
from mrlc.schemas.components import ToolCalled, pays_by_turn


@COMPONENTS.register("tool_called")
def tool_called(declared: ToolCalled, site: Site) -> Component:
    """For acts that an answer does not show; whoever pays for acts teaches acting."""

    def counts(trajectory: Trajectory) -> list[int]:
        fits = _filter(declared, trajectory)
        return [sum(map(fits, turn.calls, turn.results)) for turn in trajectory.turns]

    def episode(trajectory: Trajectory) -> bool:
        times = sum(counts(trajectory))
        most = times if declared.max_times is None else declared.max_times
        return declared.min_times <= times <= most

    def by_turn(trajectory: Trajectory) -> list[float]:
        return shares(counts(trajectory), declared.min_times)

    return by_turn if pays_by_turn(declared) else episode


def shares(counts: list[int], most: int) -> list[float]:
    """What each turn is paid for its calls, the first `most` of which share 1."""
    paid, left = [], most
    for count in counts:
        paid.append(min(count, left) / most)
        left -= min(count, left)
    return paid


def _filter(declared: ToolCalled, trajectory: Trajectory) -> Callable[[ToolCall, ToolResult], bool]:
    wanted = {name: _wanted(value, trajectory) for name, value in declared.arguments.items()}

    def fits(call: ToolCall, result: ToolResult) -> bool:
        if call.name != declared.tool or (declared.succeeded and result.is_error):
            return False
        written = call.arguments or {}
        return all(name in written and equal(written[name], wanted[name]) for name in wanted)

    return fits


def _wanted(value: Any, trajectory: Trajectory) -> Any:
    """A literal, or the value of the column that a text `task.column` names."""
    is_column = isinstance(value, str) and value.startswith("task.")
    return trajectory.task.value(value) if is_column else value
