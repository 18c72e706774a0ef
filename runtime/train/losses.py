"""Episodes of a step that have no reward: counted by cause, and too many end the run.

An episode is lost where its environment broke, and where a judge gave no mark. It is never a
zero; but a step of which most is lost compares what is left over, and a run that goes on so has
trained on nothing that anybody meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mrlc.runtime.accounts import NO_MARK
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.metrics import ScoredEpisode
from mrlc.runtime.rollout.trajectory import Trajectory

SHOWN = 3
"""Causes that a message names."""


class StepLost(PlanFault):
    """A step lost more episodes than `rollout.max_lost` allows; the run goes on from its checkpoint."""


def cause(trajectory: Trajectory) -> str:
    """Why an episode has no reward: `tool: reason`, as the environment said it."""
    return NO_MARK if trajectory.is_scorable else trajectory.detail


def loss_metrics(
    episodes: Sequence[ScoredEpisode], replaced: Sequence[ScoredEpisode]
) -> dict[str, float]:
    """Shares of the step's episodes that were replaced and lost, in all and by who failed."""
    total = len(episodes)
    lost = Counter(_who(e.trajectory) for e in episodes if e.reward is None)
    again = Counter(_who(e.trajectory) for e in replaced)
    return {
        "rollout/started": float(total + len(replaced)),
        "rollout/replaced": len(replaced) / total,
        "rollout/lost": lost.total() / total,
        **{f"rollout/replaced/{who}": count / total for who, count in sorted(again.items())},
        **{f"rollout/lost/{who}": count / total for who, count in sorted(lost.items())},
    }


def too_many(
    episodes: Sequence[ScoredEpisode], *, max_lost: float, step: int, run: Path
) -> StepLost | None:
    """The end of a run whose step lost more than a share, or None."""
    causes = Counter(cause(e.trajectory) for e in episodes if e.reward is None)
    if causes.total() <= max_lost * len(episodes):
        return None
    named = [f"{count} by {why}" for why, count in causes.most_common(SHOWN)]
    if len(causes) > SHOWN:
        named.append(f"{causes.total() - sum(n for _, n in causes.most_common(SHOWN))} by others")
    message = (
        f"step {step} lost {causes.total()} of {len(episodes)} episodes, more than "
        f"{max_lost:.0%}: {', '.join(named)}"
    )
    help = f"mend what failed, then go on with: mrlc run --resume {run}"
    return StepLost("rollout.max_lost", message, help=help)


def keep(trainer: Any) -> None:
    """A checkpoint of the steps that are done, so that a run which ends in a step loses none."""
    if trainer.state.global_step == 0:
        return
    trainer._save_checkpoint(trainer.model, trial=None)
    trainer.control = trainer.callback_handler.on_save(trainer.args, trainer.state, trainer.control)


def _who(trajectory: Trajectory) -> str:
    """The tool, the user, the probe: what stands before the reason."""
    return cause(trajectory).partition(":")[0]
