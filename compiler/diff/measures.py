"""What follows from a spec's numbers, before anything runs. Upper bounds, not forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mrlc.compiler.files import InputFile
from mrlc.compiler.reward_range import reward_range
from mrlc.compiler.targets.prices import BadTable, Ceiling, ceiling, prices_of
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
    ceiling: Ceiling | None
    """What a job can use and cost at most; None where nothing is paid for."""

    def as_json(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


def measure(experiment: Experiment, files: Mapping[str, InputFile]) -> Measures:
    """The measures of an experiment with its files."""
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
        ceiling=_ceiling(experiment, files),
    )


def _ceiling(experiment: Experiment, files: Mapping[str, InputFile]) -> Ceiling | None:
    job = experiment.target.sagemaker
    if job is None:
        return None
    try:
        return ceiling(job, prices_of(job, files))
    except (BadTable, OSError):  # of a plan whose table was edited or taken away afterwards
        return None
