"""The reward of an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mrlc.runtime.code import describe
from mrlc.runtime.errors import CodeFailed
from mrlc.runtime.reward.component import COMPONENTS, Component, Site
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
        except (Exception, SystemExit) as error:  # whatever it is, a zero would be a lie
            task = trajectory.task.id
            message = f"component `{self.name}` failed on task `{task}`: {describe(error)}"
            raise CodeFailed(self.path, message) from error


@dataclass(frozen=True)
class Reward:
    """The components, built once; `score` is a pure function where they are."""

    _parts: tuple[_Part, ...]

    @classmethod
    def load(cls, declared: schema.Reward, inputs: Path) -> Reward:
        """Build the components; paths are relative to `inputs`.

        Raises:
            PlanFault: a component's code cannot be loaded.
        """
        return cls(tuple(_parts(declared, inputs)))

    def score(self, trajectory: Trajectory) -> RewardScore | None:
        """The pay, or None where the environment broke.

        Raises:
            CodeFailed: a component raised, or gave no number from 0 to 1.
        """
        if not trajectory.is_scorable:
            return None
        scores = {part.name: part.score(trajectory) for part in self._parts}
        total = sum(part.weight * scores[part.name] for part in self._parts)
        return RewardScore(float(total), scores)


def _parts(declared: schema.Reward, inputs: Path) -> list[_Part]:
    parts = []
    for index, one in enumerate(declared.components):
        path = f"reward.components.{index}"
        component = COMPONENTS.kinds[one.kind](one, Site(inputs, path))
        parts.append(_Part(one.name, one.weight, path, component))
    return parts
