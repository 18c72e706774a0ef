"""What follows from a spec's numbers, before anything runs. Upper bounds, not forecasts."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from mrlc.compiler.reward_range import reward_range
from mrlc.schemas import Experiment


@dataclass(frozen=True)
class Measures:
    """Of one experiment."""

    reward_min: float
    reward_max: float
    tokens_per_episode: int
    """Turns times what the model writes and a tool answers in one; the prompt comes on top."""
    episodes_per_step: int
    tokens_per_step: int
    episodes: int
    """Of the whole training; evaluations come on top."""
    tokens: int

    def as_json(self) -> dict[str, float | int]:
        """By name."""
        return asdict(self)


def measure(experiment: Experiment) -> Measures:
    """The measures of an experiment."""
    paid = reward_range(experiment.reward)
    turns, algorithm = experiment.turns, experiment.algorithm
    episode = turns.limit * (turns.max_tokens + turns.tool_result_tokens)
    group = algorithm.group_size * algorithm.prompts_per_step
    return Measures(
        reward_min=paid.low,
        reward_max=paid.high,
        tokens_per_episode=episode,
        episodes_per_step=group,
        tokens_per_step=group * episode,
        episodes=group * algorithm.steps,
        tokens=group * algorithm.steps * episode,
    )
