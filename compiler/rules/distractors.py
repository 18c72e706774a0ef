"""Distractors and the order of tools: what is asked for can happen, and has an effect."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule

PATH = "environment.distractors"
ANSWER = "  answer:\n"
STOCK = """\
  distractors:
    tools:
      - {name: list_tyres, reply: {tyres: [winter, summer]}}
      - {name: open_hours, reply: 9 to 5}
    per_episode: 1
"""
GIVEN = Edit(ANSWER, STOCK + ANSWER)
SHUFFLED = Edit(ANSWER, f"  shuffle_tools: true\n{ANSWER}")
STOCK_ENGINE = Edit("algorithm: {", "algorithm: {engine: stock, ")


@rule(
    "MRLC235",
    "too-few-distractors",
    bad=(Edit(ANSWER, STOCK.replace("per_episode: 1", "per_episode: 3") + ANSWER),),
    good=(GIVEN,),
)
def an_episode_has_its_distractors(subject: Subject) -> Iterator[Finding]:
    """An episode is to be shown more distractors than there are.

    The number would be smaller than it says, and two specs that differ in it would be the same.

    Lower `per_episode`, or add tools.
    """
    found = subject.experiment.environment.distractors
    if found is not None and found.per_episode > len(found.tools):
        stock = len(found.tools)
        message = f"an episode is shown {found.per_episode} distractors, but there are {stock}"
        labels = (Label(subject.name(f"{PATH}.tools"), "the stock"),)
        help = f"`per_episode: {stock}` shows them all"
        yield Finding(f"{PATH}.per_episode", message, "", labels, help)


@rule(
    "MRLC236",
    "distractor-ends-episode",
    bad=(Edit(ANSWER, STOCK.replace("9 to 5}", "9 to 5, ends_episode: true}") + ANSWER),),
    good=(GIVEN,),
)
def distractors_end_nothing(subject: Subject) -> Iterator[Finding]:
    """A distractor ends the episode.

    An episode ends where the task is done, and a distractor does no part of it: the call would
    cost the whole episode, where it should cost a turn.

    Remove `ends_episode`, or make the tool one of the task's.
    """
    found = subject.experiment.environment.distractors
    for index, tool in enumerate(found.tools if found is not None else ()):
        if tool.ends_episode:
            path = f"{PATH}.tools.{index}.ends_episode"
            yield Finding(path, f"`{tool.name}` is a distractor and would end the episode")


@rule(
    "MRLC613",
    "stock-shows-one-list",
    bad=(SHUFFLED, STOCK_ENGINE),
    good=(SHUFFLED,),
)
def stock_engine_shows_one_list(subject: Subject) -> Iterator[Finding]:
    """TRL's own loop is to show episodes different tools.

    It holds one list of tools for all of its episodes, so the option would do nothing, and the
    comparison that the stock engine is there for would be one of different prompts.

    Use `engine: mrlc`, or remove the option.
    """
    environment = subject.experiment.environment
    if subject.experiment.algorithm.engine != "stock":
        return
    options = {
        "distractors": environment.distractors is not None,
        "shuffle_tools": environment.shuffle_tools,
    }
    for name in (name for name, is_on in options.items() if is_on):
        path = f"environment.{name}"
        labels = (Label(subject.value("algorithm.engine"), "TRL's own loop"),)
        message = f"TRL's own loop shows one list of tools to all episodes, whatever `{name}` says"
        yield Finding(path, message, "", labels, "use `engine: mrlc`", subject.name(path))


@rule(
    "MRLC614",
    "nothing-to-shuffle",
    severity="warning",
    bad=(
        SHUFFLED,
        Edit("    - name: book\n      parameters:\n        day: {type: integer}\n", ""),
        Edit('      sql: {state: shop, write: "INSERT INTO visits VALUES (:day)"}\n', ""),
        Edit("  state:\n    shop: {sqlite: shop.sql}\n", ""),
    ),
    good=(SHUFFLED,),
)
def an_order_needs_two_tools(subject: Subject) -> Iterator[Finding]:
    """The order of the tools is shuffled, and there is at most one.

    Every order is then the same, so nothing that the option promises is trained for.

    Remove `shuffle_tools`, or add tools or distractors.
    """
    environment = subject.experiment.environment
    count = len(environment.tools)
    if environment.shuffle_tools and environment.distractors is None and count < 2:
        tools = "one tool" if count else "no tool"
        yield Finding("environment.shuffle_tools", f"{tools} has no order to shuffle")
