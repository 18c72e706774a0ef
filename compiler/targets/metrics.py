"""What SageMaker reads out of the log: a definition for each metric that the runtime prints.

The runtime prints a line a step (`mrlc.runtime.log_line`):

    mrlc step=12 rollout/reward/mean=0.53 train/loss=-0.0012

The job takes forty definitions. The names come in the order of what is missed first; those of
alerts by name and of tools stand last.

    alert/firing     how many rules fire at the step, where any does
    alert/<rule>     1 at a step at which this rule fires; of rules that do more than warn
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from mrlc.schemas import Experiment
from mrlc.schemas.components import pays_by_turn
from mrlc.schemas.guide import rules_in_force

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
FIRING = "alert/firing"


def metric_names(experiment: Experiment) -> tuple[str, ...]:
    """The metrics that are defined, at most forty."""
    return tuple(islice(_names(experiment), LIMIT))


def alert_metrics(experiment: Experiment) -> dict[str, str]:
    """Rule that does more than warn → its metric; none where there is no room for all of them."""
    grave = (rule for rule in rules_in_force(experiment) if set(rule.then) != {"warn"})
    rules = {rule.name: f"alert/{rule.name}" for rule in grave}
    return (
        rules
        if len(OF_EVERY_RUN) + 1 + len(rules) + len(experiment.reward.components) <= LIMIT
        else {}
    )


def has_alerts(experiment: Experiment) -> bool:
    """Whether any rule is in force."""
    return bool(rules_in_force(experiment))


def _names(experiment: Experiment) -> Iterator[str]:
    yield from OF_EVERY_RUN
    if experiment.algorithm.max_steps_off_policy:
        yield OFF_POLICY_RATIO
    if has_alerts(experiment):
        yield FIRING
    yield from (f"reward/{component.name}/mean" for component in experiment.reward.components)
    yield from alert_metrics(experiment).values()
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
        *(name for name in _names(experiment) if not name.startswith("alert/")),
        *(f"rollout/tool/{name}/{what}" for name in tools for what in ("calls", "errors")),
        *(f"rollout/{what}/{who}" for who in _losers(experiment) for what in ("lost", "replaced")),
    ]
    names.append("eval/env_error")
    components = experiment.reward.components
    if any(one.kind == "judge" for one in components):
        names.append("rollout/unjudged")
    if any(pays_by_turn(one) for one in components):
        names.append("rollout/reward/turns_mean")
    if experiment.environment.distractors is not None:
        names.append("rollout/distractor_calls")
    every = experiment.evaluation.every_steps
    return {name: every if name.startswith("eval/") else 1 for name in names if name != STEP}


def _losers(experiment: Experiment) -> Iterator[str]:
    """Who may lose an episode: what the cause begins with, in an episode's `detail`."""
    environment = experiment.environment
    yield "environment"
    yield from (tool.name for _, tool in environment.every_tool())
    yield from (f"final.{name}" for name in environment.final)
    if environment.user is not None:
        yield "user"
    if environment.answer.python is not None:
        yield "answer"
    if any(one.kind == "judge" for one in experiment.reward.components):
        yield "judge"
