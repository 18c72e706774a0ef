"""Parts that take longer than the whole."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule

TURNS = "turns: {human: 2}"
STEPS = "algorithm: {steps: 2"


@rule(
    "MRLC528",
    "tool-outlasts-episode",
    severity="warning",
    bad=(Edit(TURNS, "turns: {human: 2, tool_timeout_s: 60, episode_timeout_s: 30}"),),
    good=(Edit(TURNS, "turns: {human: 2, tool_timeout_s: 5, episode_timeout_s: 30}"),),
)
def tool_ends_before_its_episode(subject: Subject) -> Iterator[Finding]:
    """One tool call may take as long as the whole episode.

    A tool that hangs then ends the episode by its time, so the fault of the environment counts
    as the model's.

    Keep `tool_timeout_s` well below `episode_timeout_s`.
    """
    turns = subject.experiment.turns
    if subject.experiment.environment.tools and turns.tool_timeout_s >= turns.episode_timeout_s:
        which = "tool" if "tool_timeout_s" in turns.model_fields_set else "episode"
        other = "episode" if which == "tool" else "tool"
        message = (
            f"a tool may take {turns.tool_timeout_s:g} s of an episode's "
            f"{turns.episode_timeout_s:g} s"
        )
        labels = (Label(subject.value(f"turns.{other}_timeout_s"), f"the {other}"),)
        yield Finding(f"turns.{which}_timeout_s", message, "", labels)


@rule(
    "MRLC529",
    "warm-up-outlasts-training",
    severity="warning",
    bad=(Edit(STEPS, f"{STEPS}, warmup_steps: 10"),),
    good=(Edit(STEPS, f"{STEPS}, warmup_steps: 1"),),
)
def warm_up_ends_before_training(subject: Subject) -> Iterator[Finding]:
    """The learning rate is still rising when training ends.

    It never reaches the value that the spec names, so the run is not the one that it says.

    Keep `warmup_steps` to a tenth of `steps` or so.
    """
    for section in ("algorithm", "warm_start"):
        part = getattr(subject.experiment, section)
        if part is not None and part.steps and part.warmup_steps >= part.steps:
            message = f"the learning rate warms up for {part.warmup_steps} of {part.steps} steps"
            labels = (Label(subject.value(f"{section}.steps"), "all steps"),)
            yield Finding(f"{section}.warmup_steps", message, "", labels)
