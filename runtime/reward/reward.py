"""The reward of an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mrlc.runtime.code import describe
from mrlc.runtime.endpoint import Endpoints
from mrlc.runtime.errors import CodeFailed, RemoteFailed
from mrlc.runtime.reward.component import COMPONENTS, Component, Foresighted, Site, Unscorable
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.unit_score import unit_score
from mrlc.schemas import reward as schema


@dataclass(frozen=True)
class RewardScore:
    """What one trajectory is paid."""

    total: float
    """The weighted sum."""
    components: dict[str, float]
    """Unweighted, by name, in declared order."""


@dataclass(frozen=True)
class _Part:
    name: str
    weight: float
    path: str
    component: Component

    def score(self, trajectory: Trajectory) -> float:
        try:
            return unit_score(self.component(trajectory))
        except (Unscorable, RemoteFailed):
            raise
        except (Exception, SystemExit) as error:  # whatever it is, a zero would be a lie
            task = trajectory.task.id
            message = f"component `{self.name}` failed on task `{task}`: {describe(error)}"
            raise CodeFailed(self.path, message) from error


@dataclass(frozen=True)
class Reward:
    """The components, built once; `score` is a pure function where they are."""

    _parts: tuple[_Part, ...]

    @classmethod
    def load(
        cls, declared: schema.Reward, inputs: Path, *, endpoints: Endpoints | None = None
    ) -> Reward:
        """Build the components; paths are relative to `inputs`.

        `endpoints` are the run's; without them, nothing that a judge says is kept.

        Raises:
            PlanFault: a component's code cannot be loaded.
        """
        return cls(tuple(_parts(declared, inputs, endpoints or Endpoints())))

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
            scores = {part.name: part.score(trajectory) for part in self._parts}
        except Unscorable:
            return None
        total = sum(part.weight * scores[part.name] for part in self._parts)
        return RewardScore(float(total), scores)


def _parts(declared: schema.Reward, inputs: Path, endpoints: Endpoints) -> list[_Part]:
    parts = []
    for index, one in enumerate(declared.components):
        path = f"reward.components.{index}"
        component = COMPONENTS.kinds[one.kind](one, Site(inputs, path, endpoints))
        parts.append(_Part(one.name, one.weight, path, component))
    return parts
