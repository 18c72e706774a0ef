"""What a spec says of failures that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.schemas.tools import Tool

TURNS = "turns: {human: 2}"
BOOK = "    - name: book\n"
ASK = """\
    - name: ask
      description: Ask.
      parameters: {outcome: {type: string, description: What.}}
      python: rewards.py:polite
"""


STOCK = Edit("algorithm: {steps: 2", "algorithm: {engine: stock, steps: 2")


def _rollout(text: str) -> Edit:
    return Edit(TURNS, f"turns: {{human: 2, max_tokens: 128}}\nrollout: {text}")


def _stock(subject: Subject, name: str, *, idle: float) -> Iterator[Label]:
    """The engine, where it is TRL's own and the spec asks it for what `rollout.name` does."""
    experiment = subject.experiment
    rollout = experiment.rollout
    is_meant = name in rollout.model_fields_set and getattr(rollout, name) != idle
    if is_meant and experiment.algorithm.engine == "stock":
        yield Label(subject.value("algorithm.engine"), "TRL's own loop")


def _may_be_repeated(tool: Tool) -> bool:
    """Whether a tool can fail for a reason that passes; the run alone knows of a function."""
    is_code = tool.execute is not None and tool.execute.language != "sql"
    return tool.python is not None or is_code


@rule(
    "MRLC562",
    "idle-retries",
    severity="warning",
    bad=(_rollout("{retries: 2}"),),
    good=(_rollout("{retries: 0}"),),
)
def a_tool_can_be_retried(subject: Subject) -> Iterator[Finding]:
    """Calls are to be made again, and no tool has any that could be.

    A table, a formula and a constant do not fail. A call on the episode's database or folder may
    have acted before it failed, so it is never repeated: the episode is, under
    `rollout.replacements`.

    Leave `retries` out, or let a `python` function without `episode` do what may fail.
    """
    experiment = subject.experiment
    tools = experiment.environment.tools
    if experiment.rollout.retries and not any(map(_may_be_repeated, tools)):
        message = "no tool has calls that may be made again"
        yield Finding("rollout.retries", message, help="leave it out")


@rule(
    "MRLC563",
    "retries-outlast-episode",
    severity="warning",
    bad=(
        _rollout("{retries: 8, retry_backoff_s: 1}"),
        Edit(BOOK, ASK + BOOK),
    ),
    good=(_rollout("{retries: 2}"), Edit(BOOK, ASK + BOOK)),
)
def retries_end_before_their_episode(subject: Subject) -> Iterator[Finding]:
    """One tool call, with all its attempts and the waits between them, outlasts the episode.

    A tool that is down then ends episodes by their time, which counts as the model's doing, and
    each call of it holds its place in the batch until then.

    Ask for fewer attempts or shorter waits, or give a tool less time.
    """
    experiment = subject.experiment
    rollout, turns = experiment.rollout, experiment.turns
    waits = rollout.retry_backoff_s * (2**rollout.retries - 1)
    longest = (rollout.retries + 1) * turns.tool_timeout_s + waits
    repeats = any(map(_may_be_repeated, experiment.environment.tools))
    if rollout.retries and repeats and longest >= turns.episode_timeout_s:
        message = (
            f"a tool may take {longest:g} s with its attempts, of an episode's "
            f"{turns.episode_timeout_s:g} s"
        )
        labels = (Label(subject.value("turns.episode_timeout_s"), "the episode"),)
        yield Finding("rollout.retries", message, "", labels)


@rule(
    "MRLC564",
    "chaos-in-a-spec",
    severity="warning",
    bad=(_rollout("{chaos: 0.2}"),),
    good=(_rollout("{chaos: 0}"),),
)
def faults_are_meant(subject: Subject) -> Iterator[Finding]:
    """The spec makes its own tool calls fail.

    A run of it is marked, in its folder's name, its record and its verdict: it shows how faults are
    dealt with, and nothing about the model.

    To try it once, leave the spec alone: `mrlc run PLAN --chaos 0.2`.
    """
    chaos = subject.experiment.rollout.chaos
    if chaos:
        message = f"{chaos:.0%} of tool calls are made to fail"
        yield Finding("rollout.chaos", message, help="mrlc run PLAN --chaos 0.2 tries it once")


@rule(
    "MRLC565",
    "replacements-multiply-time",
    severity="warning",
    bad=(Edit(TURNS, "turns: {human: 2, episode_timeout_s: 3600}\nrollout: {replacements: 0.5}"),),
    good=(Edit(TURNS, "turns: {human: 2, episode_timeout_s: 600}\nrollout: {replacements: 0.5}"),),
)
def replaced_episodes_end_in_time(subject: Subject) -> Iterator[Finding]:
    """A step may take hours, as episodes that broke are run anew one after the other.

    An episode is replaced up to three times, and each may take all of `episode_timeout_s`: one that
    breaks late each time holds a whole step for four times as long.

    Shorten `episode_timeout_s`, or write `replacements: 0` and let such episodes go.
    """
    experiment = subject.experiment
    limit, is_meant = (
        experiment.turns.episode_timeout_s,
        "replacements" in (experiment.rollout.model_fields_set),
    )
    if is_meant and experiment.rollout.replacements and 4 * limit > 2 * 3600:
        message = f"a step may take {4 * limit / 3600:.0f} hours with its replacements"
        labels = (Label(subject.value("turns.episode_timeout_s"), "an episode"),)
        yield Finding("rollout.replacements", message, "", labels)


@rule(
    "MRLC566",
    "stock-without-replacements",
    bad=(STOCK, _rollout("{replacements: 0.25}")),
    good=(STOCK, _rollout("{replacements: 0}")),
)
def stock_engine_replaces_nothing(subject: Subject) -> Iterator[Finding]:
    """Episodes that broke are to be run anew, and TRL's own loop plays each one once.

    The option would have no effect: a group compares the members that are left, and a run that is
    compared with one of `engine: mrlc` learns from fewer episodes wherever a tool fails.

    Use `engine: mrlc`, or write `replacements: 0`, which is what the stock engine does.
    """
    for label in _stock(subject, "replacements", idle=0):
        message = "`engine: stock` runs no episode anew"
        yield Finding("rollout.replacements", message, "", (label,), "write 0, or `engine: mrlc`")


@rule(
    "MRLC567",
    "stock-without-limit",
    bad=(STOCK, _rollout("{max_lost: 0.2}")),
    good=(STOCK, _rollout("{max_lost: 1}")),
)
def stock_engine_loses_without_limit(subject: Subject) -> Iterator[Finding]:
    """A step that loses too much is to end the run, and TRL's own loop goes on whatever it loses.

    The option would have no effect: with a tool that is down the run would go on to its last step
    and train on nothing.

    Use `engine: mrlc`, or write `max_lost: 1` and let an alert on `rollout/env_error` stop the run.
    """
    for label in _stock(subject, "max_lost", idle=1):
        message = "`engine: stock` stops at no loss"
        help = "write 1 and watch `rollout/env_error`, or `engine: mrlc`"
        yield Finding("rollout.max_lost", message, "", (label,), help)
