"""The first thing to change when a rule of the guide fires, within the limits of model and spec.

Each advice says what to do, with the figures at hand, and gives what to set as `mrlc check --set`
takes it, a line each. Where the usual change is not to be had (a group of two cannot be
halved, there is no adapter to widen) it says so and names the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mrlc.schemas import Experiment
from mrlc.schemas.alerts import AlertRule
from mrlc.schemas.guide import ALIKE

ROLLOUTS = 1024
"""Of which the informative groups are counted: batch 128, groups of eight."""


@dataclass(frozen=True)
class Advice:
    """What to change first."""

    text: str
    patch: str | None = None
    """`path=value`, a line each."""


@dataclass(frozen=True)
class Case:
    """What is known when a rule fires."""

    experiment: Experiment
    evidence: Sequence[Mapping[str, Any]]
    hidden_size: int | None
    """Of the model that is trained, where it is known."""

    def value(self, metric: str) -> float | None:
        """The metric that one of the conditions looked at, last."""
        found = (one["values"][-1][1] for one in self.evidence if one["metric"] == metric)
        return next(found, None)


def advise(
    rule: AlertRule,
    evidence: Sequence[Mapping[str, Any]],
    experiment: Experiment,
    *,
    hidden_size: int | None = None,
) -> Advice:
    """The first change for a firing; of a rule that is not the guide's, to read what was played."""
    of = GUIDE.get(rule.name)
    return of(Case(experiment, evidence, hidden_size)) if of else READ


READ = Advice("read the episodes of these steps, in trajectories.jsonl")


def _parser(case: Case) -> Advice:
    form = "its typed fields" if case.experiment.environment.answer.json_ else "its text"
    return Advice(
        f"align the output format with the parser: it reads {form} in "
        f"<{case.experiment.environment.answer.tag}>; score the stored episodes by a plan with "
        "another parser: mrlc evaluate --rescore RUN --plan build/OTHER"
    )


def _smaller_groups(case: Case) -> Advice:
    algorithm = case.experiment.algorithm
    size, prompts, alike = algorithm.group_size, algorithm.prompts_per_step, case.value(ALIKE)
    half = size // 2
    denser = "a denser reward or an easier curriculum helps more"
    if half < 2 or alike is None:
        return Advice(f"pay for parts of the task, or begin with easier tasks: {denser}")
    # Where all groups of a step were alike, one more might not have been.
    alike = min(alike, 1 - 1 / (prompts + 1))
    chance = _chance(alike, size)
    now, then = (_alike(chance, group) for group in (size, half))
    text = (
        f"group size {size} → {half} with twice the tasks a step: were episodes independent, groups "
        f"that teach nothing would go from {now:.0%} to {then:.0%}, groups that teach in "
        f"{ROLLOUTS:,} rollouts from {_informative(now, size)} to {_informative(then, half)}; {denser}"
    )
    return Advice(text, _set({"group_size": half, "prompts_per_step": prompts * size // half}))


def _tighter_reward(case: Case) -> Advice:
    loose = [
        (index, one.name)
        for index, one in enumerate(case.experiment.reward.components)
        if one.kind in ("contains", "fuzzy") and one.field is None
    ]
    text = (
        "read the episodes that are paid and fail: mrlc report RUN --alerts lists them; then tighten "
        "what pays for them, and run the gates again"
    )
    if not loose:
        return Advice(text)
    named = " and ".join(f"`{name}`" for _, name in loose)
    lines = [f"reward.components.{index}.kind=exact" for index, _ in loose]
    return Advice(f"{text}; {named} compares inexactly, the first to suspect", "\n".join(lines))


def _smaller_steps(case: Case) -> Advice:
    algorithm = case.experiment.algorithm
    if getattr(algorithm, "max_steps_off_policy", 0):
        text = "train on episodes of the current policy alone; expect a stable reward, even if lower"
        return Advice(text, _set({"max_steps_off_policy": 0}))
    if algorithm.loss == "cispo":
        text = "clip the ratio as PPO does, in place of CISPO; expect a stable reward, even if lower"
        return Advice(text, _set({"loss": "dapo"}))
    text = (
        "training is on-policy and clipped already, so halve the learning rate, and go on from a "
        "checkpoint before the fall"
    )
    return Advice(text, _set({"learning_rate": algorithm.learning_rate / 2}))


def _wider_model(case: Case) -> Advice:
    model = case.experiment.model
    ceiling = "expect a higher ceiling within 50 steps"
    if model.lora is not None:
        rank, alpha = model.lora.rank, model.lora.alpha
        wider = min(2 * rank, case.hidden_size or 2 * rank)
        if wider <= rank:
            return Advice(
                f"the adapter's rank {rank} is as wide as the model ({case.hidden_size}): train all "
                "its weights, or a larger model"
            )
        text = f"double the adapter: rank {rank} → {wider}; {ceiling}"
        settings = {"model.lora.rank": wider, "model.lora.alpha": math.ceil(alpha * wider / rank)}
        return Advice(text, _lines(settings))
    if model.base != "tiny":
        return Advice("all weights are trained already, so there is no adapter to widen: a larger model")
    size = model.tiny.hidden_size if model.tiny else case.hidden_size
    if size is None or 2 * size > LARGEST:
        return Advice("the built-in model is as wide as it gets: take a pretrained one")
    text = f"all weights are trained already: a wider model, {size} → {2 * size}; {ceiling}"
    return Advice(text, f"model.tiny.hidden_size={2 * size}")


def _longer_turns(case: Case) -> Advice:
    tokens = case.experiment.turns.max_tokens
    more = math.ceil(1.5 * tokens)
    text = (
        f"read what is cut off; if it is work and not rambling, {tokens} → {more} tokens a turn "
        "(mrlc check says whether the context holds them)"
    )
    return Advice(text, f"turns.max_tokens={more}")


def _more_turns(case: Case) -> Advice:
    turns = case.experiment.turns
    most = 3 * turns.human if turns.human is not None else 256
    more = min(math.ceil(1.5 * turns.limit), most)
    if more <= turns.limit:
        return Advice(
            f"{turns.limit} turns are three times what a person needs: read how the episodes go round, "
            "and mend the tools' answers or the prompt"
        )
    text = f"read what the last turns do; if it is work and not going round, {turns.limit} → {more} turns"
    return Advice(text, f"turns.max_turns={more}")


LARGEST = 1024
"""Width of the built-in model, at most."""

GUIDE: dict[str, Callable[[Case], Advice]] = {
    "flat-from-start": _parser,
    "groups-alike": _smaller_groups,
    "reward-hacked": _tighter_reward,
    "reward-collapsed": _smaller_steps,
    "reward-stalled": _wider_model,
    "token-cap": _longer_turns,
    "turns-exhausted": _more_turns,
}
"""rule of the guide → its advice."""


def _alike(chance: float, size: int) -> float:
    """The share of groups without a difference, of episodes that succeed independently."""
    return chance**size + (1 - chance) ** size


def _chance(alike: float, size: int) -> float:
    """The chance of success, at most a half, at which so many groups have no difference."""
    low, high = 0.0, 0.5
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _alike(middle, size) > alike else (low, middle)
    return (low + high) / 2


def _informative(alike: float, size: int) -> int:
    return round(ROLLOUTS / size * (1 - alike))


def _set(values: Mapping[str, Any]) -> str:
    return _lines({f"algorithm.{name}": value for name, value in values.items()})


def _lines(values: Mapping[str, Any]) -> str:
    return "\n".join(f"{path}={value}" for path, value in values.items())
