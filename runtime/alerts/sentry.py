"""The watch on duty: it sees each step of a training, keeps what fires, and ends it where told to.

alerts.jsonl is a log of the run like the others, cut back with them. What the watch remembers lies
in each checkpoint, so that a resumed training fires as one left alone, and one that was killed
after a rule had ended it does not go on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.runtime.alerts.ending import Ending, ending_of
from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.watch import Watch
from mrlc.runtime.files import write_json
from mrlc.runtime.record import RunFolder
from mrlc.runtime.team import ALONE, Team
from mrlc.schemas import Experiment
from mrlc.schemas.guide import rules_in_force

if TYPE_CHECKING:
    from transformers import TrainerCallback

FILE = "alerts.json"
OnFirings = Callable[[Sequence[Firing]], None]
"""Called with what fired at a step, after it is on file."""


def unheard(firings: Sequence[Firing]) -> None:
    """Nobody is told."""


class Sentry:
    """The watch of one training; the first process looks, all of them end together."""

    def __init__(
        self,
        experiment: Experiment,
        run: RunFolder,
        *,
        hidden_size: int | None = None,
        team: Team = ALONE,
        on_firings: OnFirings = unheard,
    ) -> None:
        self._watch = Watch.of(experiment, hidden_size=hidden_size)
        self._can_end = any(rule.ends for rule in rules_in_force(experiment))
        self._run, self._team, self._on_firings = run, team, on_firings
        self.ending: Ending | None = None
        """How a rule has ended the training; known to the first process."""

    def observe(self, step: int, metrics: Mapping[str, float]) -> None:
        """Look at a step, after its metrics are on file."""
        firings = self._watch.observe(step, metrics)
        if firings:
            self._run.append_alerts([one.as_json() for one in firings])
            self.ending = self.ending or ending_of(firings)
            self._on_firings(firings)

    def must_end(self) -> bool:
        """Whether the training ends here; all processes ask at the same step."""
        return self._can_end and self._team.any(self.ending is not None)

    def has_ended(self) -> bool:
        """Whether a training that is resumed had been ended; all processes ask."""
        return self._can_end and self._team.word(self.ending is not None)

    def save(self, checkpoint: Path) -> None:
        """Keep what is remembered in a checkpoint."""
        ending = asdict(self.ending) if self.ending else None
        write_json(checkpoint / FILE, {"watch": self._watch.state(), "ending": ending})

    def restore(self, checkpoint: Path) -> None:
        """Go on from a checkpoint; one from before there were alerts leaves a fresh watch."""
        file = checkpoint / FILE
        if file.is_file():
            state: dict[str, Any] = json.loads(file.read_text("utf-8"))
            self._watch.restore(state["watch"])
            self.ending = Ending(**state["ending"]) if state["ending"] else None

    def saving_callback(self) -> TrainerCallback:
        """A callback that saves with each checkpoint; it must come before the marking one."""
        from transformers import TrainerCallback

        sentry = self

        class SaveWatch(TrainerCallback):  # type: ignore[misc] # transformers is untyped
            def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                if state.is_world_process_zero:
                    sentry.save(Path(args.output_dir) / f"checkpoint-{state.global_step}")

        return SaveWatch()


def checkpoints_kept(experiment: Experiment, *, least: int) -> int:
    """How many checkpoints are kept, so that one is from before what a rule rolls back."""
    spans = [
        rule.for_steps + max(condition.steps for condition in rule.conditions)
        for rule in rules_in_force(experiment)
        if "roll_back" in rule.actions
    ]
    if not spans:
        return least
    return max(least, math.ceil(max(spans) / experiment.algorithm.checkpoint_every) + 2)
