"""The scripted world: everything of a plan but the model. It loads in a blink, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mrlc.runtime.answer import AnswerParser
from mrlc.runtime.demonstrations import load_demonstrations
from mrlc.runtime.environment import Environment
from mrlc.runtime.gates.plain_chat import PlainChat
from mrlc.runtime.gates.players import Player, Players, Scripted
from mrlc.runtime.gates.scripts import EACH, Script, probes
from mrlc.runtime.gates.walk import golden_players, turns_of
from mrlc.runtime.reward import Reward
from mrlc.runtime.rollout.engine import Engine, EpisodeRequest
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.scorers import Scorer, load_scorer
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.task import Split, Task
from mrlc.runtime.tasks import load_tasks
from mrlc.schemas import Experiment

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
MANY = 256
"""Turns of a script: the spec's own limit is for the model."""
TOGETHER = 256
"""Scripted episodes that run at once."""


@dataclass(frozen=True)
class World:
    """An environment with its reward and scorer, and who plays in it."""

    experiment: Experiment
    inputs: Path
    environment: Environment
    answers: AnswerParser
    reward: Reward
    scorer: Scorer
    tasks: dict[Split, list[Task]]
    chat: PlainChat

    @classmethod
    def load(cls, experiment: Experiment, inputs: Path) -> World:
        """Build it.

        Raises:
            PlanFault: a fixture, a statement or the user's code cannot be used.
        """
        limit = experiment.turns.score_timeout_s
        return cls(
            experiment=experiment,
            inputs=inputs,
            environment=Environment.load(experiment, inputs, has_workers=False),
            answers=AnswerParser(
                experiment.environment.answer, inputs, timeout_s=experiment.turns.tool_timeout_s
            ),
            reward=Reward.load(experiment.reward, inputs, timeout_s=limit),
            scorer=load_scorer(experiment.evaluation, inputs, timeout_s=limit),
            tasks={split: load_tasks(experiment, inputs, split) for split in SPLITS},
            chat=PlainChat(),
        )

    def play(
        self, players: Sequence[tuple[Task, Player]], *, max_turns: int | None = None
    ) -> list[Trajectory]:
        """Play episodes together, in lockstep; the turn limit is the spec's unless one is given."""
        turns = self.experiment.turns
        if max_turns is not None:
            turns = turns.model_copy(update={"max_turns": max_turns})
        engine = Engine(self.environment, self.chat, self.answers, turns, self.experiment.rollout)
        requests = [
            EpisodeRequest(task, member, derive_seed("gates", task.split, task.id))
            for member, (task, _) in enumerate(players)
        ]
        return engine.run(Players(self.chat, [player for _, player in players]), requests)

    def solo(self, script: Script) -> Trajectory:
        """Play a script alone."""
        (trajectory,) = self.play([(script.task, Scripted(script.turns))], max_turns=MANY)
        return trajectory

    def golden_players(self) -> list[tuple[Task, Player]]:
        """A player for every task that the golden walk is meant for."""
        tasks = [task for split in SPLITS for task in self.tasks[split]]
        return golden_players(self.experiment, self.inputs, tasks)

    @cached_property
    def scripts(self) -> list[Script]:
        """Golden walks with their results filled in, demonstrations, and probes of every tool."""
        golden = self.play(self.golden_players()[:EACH])
        walked = [
            Script(t.task, tuple(self.chat.parse(turn.ids) for turn in t.turns)) for t in golden
        ]
        return [
            *walked,
            *self._demonstrated(),
            *probes(self.experiment, self.inputs, self.tasks["train"]),
        ]

    def _demonstrated(self) -> list[Script]:
        warm_start = self.experiment.warm_start
        if warm_start is None:
            return []
        found = load_demonstrations(self.inputs / warm_start.demonstrations, self.tasks["train"])
        return [Script(one.task, tuple(turns_of(one.messages))) for one in found[:EACH]]
