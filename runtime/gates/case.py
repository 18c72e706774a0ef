"""What gates look at: made when a gate asks for it, once for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mrlc.runtime.base import CACHE
from mrlc.runtime.gates.fresh import played_afresh
from mrlc.runtime.gates.rollouts import Baseline, Design, Rollout, design, scored
from mrlc.runtime.gates.transcripts import Transcript
from mrlc.runtime.gates.world import World
from mrlc.runtime.progress import Progress
from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.task import Task
from mrlc.schemas import Experiment, Plan

if TYPE_CHECKING:
    from mrlc.runtime.setup import Setup

HASH_SEEDS = (0, 1)
"""Of the processes that play scripts afresh: two, so that an order by hash shows."""
ROUNDING = 1e-9
"""Between a sum of weights and the bound that the compiler gives."""


@dataclass(frozen=True)
class Paid:
    """What the compiler proved of the reward."""

    low: float
    high: float
    unearned: float
    """The most that is paid where the evaluation gives 0."""


@dataclass(frozen=True)
class Case:
    """One plan before its gates."""

    plan: Plan
    folder: Path
    """The plan's."""
    paid: Paid
    seed: int
    rollouts: int
    """Of the wide sample."""
    runs: Path
    """Where the base model is kept."""
    progress: Progress

    @property
    def experiment(self) -> Experiment:
        """The plan's resolved experiment."""
        return self.plan.experiment

    @property
    def threshold(self) -> float:
        """The reward from which a rollout must be a success."""
        return self.experiment.gates.success_threshold * self.paid.high - ROUNDING

    @cached_property
    def world(self) -> World:
        """Everything but the model."""
        return World.load(self.experiment, self.folder / "inputs")

    @cached_property
    def fresh(self) -> list[list[Transcript]]:
        """The scripts played twice in one new process and once in another, without our history.

        Raises:
            Died: a tool takes its process down.
        """
        first, second = HASH_SEEDS
        twice = played_afresh(self.folder, self.world.scripts, hash_seed=first, times=2)
        return twice + played_afresh(self.folder, self.world.scripts, hash_seed=second)

    @cached_property
    def setup(self) -> Setup:
        """Everything, the model included; what other models are asked is kept beside the base.

        Raises:
            PlanFault: the model or its chat template cannot be used.
        """
        from mrlc.runtime.run import configure_torch
        from mrlc.runtime.setup import prepare

        configure_torch(self.experiment)
        setup = prepare(self.plan, self.folder, seed=self.seed)
        setup.endpoints.keep_in(self.runs / CACHE / "endpoints")
        return setup

    @cached_property
    def design(self) -> Design:
        """Which training tasks are played, and how often."""
        return design(
            self.world.tasks["train"],
            rollouts=self.rollouts,
            samples=self.experiment.gates.samples or self.experiment.algorithm.group_size,
            seed=self.seed,
        )

    @cached_property
    def baseline(self) -> Baseline:
        """Rollouts of the base model on training tasks, sampled as they will be trained on.

        Raises:
            PlanFault: the model or its chat template cannot be used.
        """
        from mrlc.runtime.base import kept_base
        from mrlc.runtime.run import policies_of

        requests = [self._request(task, member) for task, member in self.design.members()]
        policy = policies_of(self.setup, kept_base(self.setup, self.runs, self.progress))
        with self.progress.phase(f"{len(requests)} baseline rollouts"):
            temperature = self.experiment.algorithm.temperature
            played = self.setup.engine.run(policy(temperature), requests)
        return Baseline.of(self.design, scored(played, self.setup.reward, self.setup.scorer))

    @cached_property
    def reference(self) -> list[Rollout]:
        """The reference model on each task of the wide sample, greedily.

        Raises:
            PlanFault: a variable that its endpoint names is not set.
            RemoteFailed: it does not answer.
        """
        from mrlc.runtime.reference import reference_policy
        from mrlc.runtime.rollout.policies.endpoint import without_ids

        endpoint = self.experiment.evaluation.reference
        assert endpoint is not None
        asked = reference_policy(self.setup, endpoint)
        requests = [self._request(task, 0) for task in self.design.tasks]
        with self.progress.phase(f"{len(requests)} rollouts of the reference"):
            played = asked.engine.run(asked.policy_at(0.0), requests)
        return scored([without_ids(one) for one in played], self.setup.reward, self.setup.scorer)

    def _request(self, task: Task, member: int) -> EpisodeRequest:
        return EpisodeRequest(task, member, derive_seed(self.seed, "gates", task.id, member))
