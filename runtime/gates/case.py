"""What gates look at: made when a gate asks for it, once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mrlc.runtime.gates.fresh import played_afresh
from mrlc.runtime.gates.rollouts import Baseline, Rollout, design
from mrlc.runtime.gates.transcripts import Transcript
from mrlc.runtime.gates.world import World
from mrlc.runtime.progress import Progress
from mrlc.runtime.reward import Reward
from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.scorers import Scorer
from mrlc.runtime.seeds import derive_seed
from mrlc.schemas import Experiment, Plan

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
    reference: Callable[[Case], Sequence[Rollout]] | None = None
    """Plays the reference model on the tasks of the wide sample, where one can be asked."""

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
    def baseline(self) -> Baseline:
        """Rollouts of the base model on training tasks, sampled as they will be trained on.

        Raises:
            PlanFault: the model or its chat template cannot be used.
        """
        from mrlc.runtime.base import kept_base
        from mrlc.runtime.run import configure_torch, policies_of
        from mrlc.runtime.setup import prepare

        configure_torch(self.experiment)
        setup = prepare(self.plan, self.folder, seed=self.seed)
        algorithm, gates = self.experiment.algorithm, self.experiment.gates
        plan = design(
            setup.tasks["train"],
            rollouts=self.rollouts,
            samples=gates.samples or algorithm.group_size,
            seed=self.seed,
        )
        requests = [
            EpisodeRequest(task, member, derive_seed(self.seed, "gates", task.id, member))
            for task, member in plan.members()
        ]
        policy = policies_of(setup, kept_base(setup, self.runs, self.progress))
        with self.progress.phase(f"{len(requests)} baseline rollouts"):
            played = setup.engine.run(policy(algorithm.temperature), requests)
        return Baseline.of(plan, [scored(one, setup.reward, setup.scorer) for one in played])


def scored(trajectory: Trajectory, reward: Reward, scorer: Scorer) -> Rollout:
    """An episode with its pay and its score.

    Raises:
        CodeFailed: a component or the scorer failed.
    """
    return Rollout(trajectory, reward.score(trajectory), scorer.score(trajectory))
