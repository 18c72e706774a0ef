"""What SageMaker reads out of the log: a definition for each metric that the runtime prints.

The runtime prints a line a step (`mrlc.runtime.log_line`):

    mrlc step=12 rollout/reward/mean=0.53 train/loss=-0.0012

The job takes forty definitions. The names come in the order of what is missed first; those of
tools stand last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from mrlc.schemas import Experiment
from mrlc.schemas.components import pays_by_turn

LIMIT = 40
STEP = "step"

OF_EVERY_RUN = (
    STEP,
    "rollout/reward/mean",
    "rollout/reward/valid_mean",
    "rollout/reward/zero_frac",
    "eval/score/mean",
    "eval/completion",
    "rollout/completion",
    "rollout/env_error",
    "rollout/lost",
    "rollout/replaced",
    "rollout/invalid_answer",
    "rollout/no_action",
    "rollout/exhausted/turns",
    "rollout/exhausted/tokens",
    "rollout/exhausted/time",
    "rollout/turns/mean",
    "rollout/tokens/response_mean",
    "rollout/tokens/response_max",
    "rollout/episodes",
    "rollout/started",
    "analysis/zero_adv_groups",
    "train/loss",
    "train/grad_norm",
    "train/learning_rate",
    "train/entropy",
    "train/kl",
    "train/clip_ratio",
    "time/step_s",
    "time/rollout_s",
)
OFF_POLICY_RATIO = "train/off_policy_ratio"
"""Of a run whose episodes may be older than the weights."""


def metric_names(experiment: Experiment) -> tuple[str, ...]:
    """The metrics that are defined, at most forty."""
    return tuple(islice(_names(experiment), LIMIT))


def _names(experiment: Experiment) -> Iterator[str]:
    yield from OF_EVERY_RUN
    if experiment.algorithm.max_steps_off_policy:
        yield OFF_POLICY_RATIO
    yield from (f"reward/{component.name}/mean" for component in experiment.reward.components)
    tools = [tool.name for tool in experiment.environment.tools]
    yield from (f"rollout/tool/{name}/errors" for name in tools)
    yield from (f"rollout/tool/{name}/calls" for name in tools)


def metric_regex(name: str) -> str:
    """What finds a metric's value in a line."""
    before = "^mrlc " if name == STEP else "^mrlc .* "
    return rf"{before}{re.escape(name)}=(-?[0-9.]+(?:e[-+][0-9]+)?)(?:\s|$)"


def metric_definitions(experiment: Experiment) -> list[dict[str, str]]:
    """As CreateTrainingJob takes them."""
    return [{"Name": name, "Regex": metric_regex(name)} for name in metric_names(experiment)]


def every_metric(experiment: Experiment) -> dict[str, int]:
    """Each metric that a run may write, and every how many steps."""
    tools = ["unknown", *(tool.name for _, tool in experiment.environment.every_tool())]
    names = [
        *_names(experiment),
        *(f"rollout/tool/{name}/{what}" for name in tools for what in ("calls", "errors")),
        *(f"rollout/{what}/{name}" for name in tools for what in ("lost", "replaced")),
    ]
    components = experiment.reward.components
    if any(one.kind == "judge" for one in components):
        names.append("rollout/unjudged")
    if any(pays_by_turn(one) for one in components):
        names.append("rollout/reward/turns_mean")
    if experiment.environment.distractors is not None:
        names.append("rollout/distractor_calls")
    every = experiment.evaluation.every_steps
    return {name: every if name.startswith("eval/") else 1 for name in names if name != STEP}
