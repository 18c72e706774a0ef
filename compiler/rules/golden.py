"""The golden walk: calls of tools that exist, with arguments that they have."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.rules import Edit, Finding, Label, Subject, check, rule
from mrlc.compiler.rules.demonstrations import Impossible, Shown, check_messages, splits_of
from mrlc.compiler.suggest import did_you_mean
from mrlc.schemas.gates import Step

TURNS = "turns: {human: 2}\n"
FILE = "gates.golden.file"


def _walk(call: str) -> Edit:
    answer = '{answer: "{{ task.expected }}"}'
    return Edit(TURNS, f"{TURNS}gates:\n  golden:\n    walk:\n      - {call}\n      - {answer}\n")


@rule(
    "MRLC607",
    "impossible-walk",
    bad=(_walk('{call: {find_bikes: {bike: "{{ task.question }}"}}}'),),
    good=(_walk('{call: {find_bike: {bike: "{{ task.question }}"}}}'),),
)
def walks_call_what_exists(subject: Subject) -> Iterator[Finding]:
    """The golden walk makes a call that does not exist, or takes more turns than an episode has.

    The walk shows that the tasks can be solved with what the agent has. A call that no agent
    could make, or a turn that none could take, shows nothing.

    Name the tool and its arguments as they stand under `environment.tools`; give an episode the
    turns that the walk takes, and some for mistakes.
    """
    golden = subject.experiment.gates.golden
    walk = (golden.walk or ()) if golden else ()
    limit = subject.experiment.turns.limit
    if len(walk) > limit:
        which = "human" if subject.experiment.turns.max_turns is None else "max_turns"
        message = f"the golden walk takes {len(walk)} turns; an episode has {limit}"
        labels = (Label(subject.value(f"turns.{which}"), "what an episode has"),)
        help = f"write `turns: {{human: {len(walk)}}}`, and `max_turns` larger or not at all"
        yield Finding("gates.golden.walk", message, "", labels, help)
    for index, step in enumerate(walk):
        yield from _step(step, f"gates.golden.walk.{index}.call", subject)


def _step(step: Step, at: str, subject: Subject) -> Iterator[Finding]:
    tools = {tool.name: tool for tool in subject.experiment.environment.tools}
    for name, arguments in (step.call or {}).items():
        path = f"{at}.{name}"
        if name not in tools:
            message, help = f"there is no tool `{name}`", did_you_mean(name, tools)
            yield Finding(path, message, help=help, at=subject.name(path))
            continue
        for argument in arguments:
            known = tools[name].parameters
            if argument not in known:
                message = f"`{name}` has no parameter `{argument}`"
                at_name = subject.name(f"{path}.{argument}")
                help = did_you_mean(argument, known)
                yield Finding(f"{path}.{argument}", message, help=help, at=at_name)


@check
def golden_files_are_possible(subject: Subject) -> Iterator[Diagnostic]:
    """A golden file has rows like demonstrations, of tasks of any split."""
    golden = subject.experiment.gates.golden
    if golden is None or golden.file is None:
        return
    table = subject.files[golden.file].table
    yield from table.faults
    shown, known = Shown.of(subject.experiment), splits_of(subject)
    for row in table.rows:
        try:
            if known is not None and (name := str(row.values.get("task"))) not in known:
                raise Impossible(f"there is no task `{name}`")
            check_messages(row.values.get("messages"), shown)
        except Impossible as error:
            yield Diagnostic("MRLC336", str(error), row.span, help=error.help, path=FILE)
