"""The reward of an experiment.

A component's value is from 0 to 1; it counts 0 where its gate is closed, that is where one of
the components it requires is not at 1, for whatever reason. Weight × value of all are combined
and the result is clipped. What a component pays by turn is part of its value: a sum of turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mrlc.runtime.code import describe
from mrlc.runtime.endpoint import Endpoints
from mrlc.runtime.errors import CodeFailed, RemoteFailed
from mrlc.runtime.limited import help_for
from mrlc.runtime.reward.component import COMPONENTS, Component, Foresighted, Site, Unscorable
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.unit_score import unit_score
from mrlc.schemas import reward as schema
from mrlc.schemas.components import pays_by_turn
from mrlc.schemas.turns import SCORE_TIMEOUT_S

COMBINE: dict[str, Callable[[Iterable[float]], float]] = {
    "sum": sum,
    "product": math.prod,
    "min": min,
    "max": max,
}
"""How weight × value of the components become one number."""
SLACK = 1e-9
"""By which the parts of turns may miss 1, as sums of floats do."""


@dataclass(frozen=True)
class RewardScore:
    """What one trajectory is paid."""

    total: float
    """The weighted components, combined."""
    components: dict[str, float]
    """Unweighted, by name, in declared order; 0 where a gate is closed."""
    turns: tuple[float, ...] = ()
    """Of the total, what each turn is paid, weighted; empty where no component pays by turn."""


@dataclass(frozen=True)
class _Value:
    """A component's value, and the parts of it that turns are paid."""

    value: float
    turns: tuple[float, ...] = ()


@dataclass(frozen=True)
class _Part:
    name: str
    weight: float
    requires: tuple[str, ...]
    pays_by_turn: bool
    path: str
    component: Component

    def score(self, trajectory: Trajectory) -> _Value:
        try:
            found = self.component(trajectory)
            if self.pays_by_turn:
                return _by_turn(found, len(trajectory.turns))
            return _Value(unit_score(found))
        except (Unscorable, RemoteFailed):
            raise
        except (Exception, SystemExit) as error:  # whatever it is, a zero would be a lie
            task = trajectory.task.id
            message = f"component `{self.name}` failed on task `{task}`: {describe(error)}"
            raise CodeFailed(self.path, message, help=help_for(error)) from error


@dataclass(frozen=True)
class Reward:
    """The components, built once; `score` is a pure function where they are."""

    _parts: tuple[_Part, ...]
    _combine: Callable[[Iterable[float]], float] = sum
    _clip: schema.Clip | None = None

    @classmethod
    def load(
        cls,
        declared: schema.Reward,
        inputs: Path,
        *,
        endpoints: Endpoints | None = None,
        timeout_s: float = SCORE_TIMEOUT_S,
    ) -> Reward:
        """Build the components; paths are relative to `inputs`.

        `endpoints` are the run's; without them, nothing that a judge says is kept. `timeout_s` is
        what a function of the user may take for an episode.

        Raises:
            PlanFault: a component's code cannot be loaded.
        """
        parts = tuple(_parts(declared, inputs, endpoints or Endpoints(), timeout_s))
        return cls(parts, COMBINE[declared.combine], declared.clip)

    @property
    def pays_by_turn(self) -> bool:
        """Whether any component pays at the turn in which something happened."""
        return any(part.pays_by_turn for part in self._parts)

    def score_all(self, trajectories: Sequence[Trajectory]) -> list[RewardScore | None]:
        """`score` of each; components that ask somebody ask about all of them together."""
        scorable = [trajectory for trajectory in trajectories if trajectory.is_scorable]
        for part in self._parts:
            if isinstance(part.component, Foresighted):
                part.component.ahead(scorable)
        return [self.score(trajectory) for trajectory in trajectories]

    def score(self, trajectory: Trajectory) -> RewardScore | None:
        """The pay, or None where the environment broke or a component could not tell.

        Raises:
            CodeFailed: a component raised, or gave no number from 0 to 1.
        """
        if not trajectory.is_scorable:
            return None
        try:
            found = {part.name: part.score(trajectory) for part in self._parts}
        except Unscorable:
            return None
        values = self._gated(found)
        scores = {name: found.value for name, found in values.items()}
        total = self._combine(part.weight * scores[part.name] for part in self._parts)
        if self._clip is not None:
            total = min(max(total, self._clip.low), self._clip.high)
        return RewardScore(float(total), scores, self._turns(values, len(trajectory.turns)))

    def _gated(self, values: dict[str, _Value]) -> dict[str, _Value]:
        """The values with those of closed gates at 0; gates may stand in a row."""
        requires = {part.name: part.requires for part in self._parts}

        def is_full(name: str) -> bool:
            return values[name].value == 1 and all(map(is_full, requires[name]))

        return {
            name: found if all(map(is_full, requires[name])) else _Value(0.0)
            for name, found in values.items()
        }

    def _turns(self, values: dict[str, _Value], length: int) -> tuple[float, ...]:
        paid = [(part.weight, values[part.name]) for part in self._parts if part.pays_by_turn]
        if not paid:
            return ()
        return tuple(
            math.fsum(weight * found.turns[turn] for weight, found in paid if found.turns)
            for turn in range(length)
        )


def _by_turn(found: Sequence[object], length: int) -> _Value:
    """The value of a component that pays by turn.

    Raises:
        TypeError, ValueError: it gave no list of numbers that add up to 1 at most, one a turn.
    """
    if not isinstance(found, list | tuple):
        raise TypeError(f"returned {type(found).__name__}, not a list of one number a turn")
    if len(found) != length:
        raise ValueError(f"returned {len(found)} numbers for {length} turns")
    turns = tuple(unit_score(one) for one in found)
    total = math.fsum(turns)
    if total > 1 + SLACK:
        raise ValueError(f"returned numbers that add up to {total:g}, not to 1 at most")
    return _Value(1.0 if abs(total - 1) <= SLACK else total, turns)


def _parts(
    declared: schema.Reward, inputs: Path, endpoints: Endpoints, timeout_s: float
) -> list[_Part]:
    parts = []
    for index, one in enumerate(declared.components):
        path = f"reward.components.{index}"
        component = COMPONENTS.kinds[one.kind](one, Site(inputs, path, endpoints, timeout_s))
        parts.append(_Part(one.name, one.weight, one.requires, pays_by_turn(one), path, component))
    return parts
