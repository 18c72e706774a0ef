"""Episodes run anew in the place of those under which the environment broke.

A group of eight with three unscorable members compares five. So an episode that broke is run
again, with a seed of its own that comes of the old one, as long as the step's budget lasts: a
flaky tool costs some rollouts more, a tool that is down costs no more than the budget. One task
that breaks its environment by itself must not spend what the others need, so an episode is
replaced `TRIES` times at most.

What was replaced is kept: it is in the record, labelled, and in the books.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.seeds import derive_seed
from mrlc.schemas.rollout import Rollout

TRIES = 3
"""Of one episode: nine in ten calls that fail by chance have succeeded once by then."""


@dataclass
class Replacements:
    """The engine's `again` for one batch of episodes."""

    budget: int
    """Episodes that may be run in all."""
    _replaced: list[Trajectory] = field(default_factory=list)
    _tries: Counter[tuple[str, str, int]] = field(default_factory=Counter)

    @classmethod
    def of(cls, rollout: Rollout, requests: Sequence[EpisodeRequest]) -> Replacements:
        """What the spec allows for these requests; a share that is no whole number is rounded up."""
        return cls(math.ceil(rollout.replacements * len(requests)))

    def __call__(self, request: EpisodeRequest, trajectory: Trajectory) -> EpisodeRequest | None:
        """The episode to run in the place of one that ended, if it broke and there is budget."""
        if trajectory.is_scorable or len(self._replaced) >= self.budget:
            return None
        key = _key(trajectory)
        if self._tries[key] >= TRIES:
            return None
        self._tries[key] += 1
        self._replaced.append(trajectory)
        return replace(request, seed=derive_seed(request.seed, "replacement"))

    @property
    def replaced(self) -> list[Trajectory]:
        """The episodes that were replaced, by task and member; of one, in the order played."""
        return sorted(self._replaced, key=_key)


def _key(trajectory: Trajectory) -> tuple[str, str, int]:
    return trajectory.task.split, trajectory.task.id, trajectory.member
