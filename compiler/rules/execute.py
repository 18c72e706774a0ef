"""Tools that run code of the model: the spec says which code, and where it can run."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.example import Example
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.suggest import did_you_mean
from mrlc.schemas.execute import TIERS, Execute
from mrlc.schemas.tools import Tool

ANSWER = "  answer:\n"
CODE = "parameters: {code: {type: string}}"
TWO = "parameters: {code: {type: string}, why: {type: string}}"
SHORT = "max_tokens: 128, episode_timeout_s: 20"
_REAL = ("cpu_s", "max_file_mb")
"""Limits of real processes; an interpreter without files or a clock of its own has none."""


def tool_with(execute: str, parameters: str = CODE, turns: str = "max_tokens: 128") -> Example:
    """The example project with one more tool, `calc`, that executes."""
    tool = f"    - name: calc\n      {parameters}\n      execute: {execute}\n{ANSWER}"
    return (Edit(ANSWER, tool), Edit("turns: {human: 2}", f"turns: {{human: 2, {turns}}}"))


def executing(subject: Subject) -> Iterator[tuple[str, Tool, Execute]]:
    """The path of each `execute` section, its tool, and the section."""
    for at, tool in subject.experiment.environment.every_tool():
        if tool.execute is not None:
            yield f"{at}.execute", tool, tool.execute


@rule(
    "MRLC220",
    "no-code-parameter",
    bad=tool_with("{language: python}", TWO),
    good=tool_with("{language: python, argument: code}", TWO),
)
def a_parameter_holds_the_code(subject: Subject) -> Iterator[Finding]:
    """No one parameter of an executing tool is the code.

    The code is one argument of the call, a string. With none or with several there is nothing
    that could be run for certain.

    Give the tool one parameter of type string, or name it under `argument`.
    """
    for path, tool, execute in executing(subject):
        if execute.code_argument(tool.parameters) is not None:
            continue
        if execute.argument is None:
            message = "it is open which parameter holds the code"
            yield Finding(path, message, help="name it: `argument: code`", at=subject.name(path))
        else:
            message = f"`{execute.argument}` is no parameter of type string"
            help = did_you_mean(execute.argument, tool.parameters)
            yield Finding(f"{path}.argument", message, help=help)


@rule(
    "MRLC221",
    "isolation-without-language",
    bad=tool_with("{language: arithmetic, isolation: process}"),
    good=tool_with("{language: python, isolation: process}"),
)
def the_tier_knows_the_language(subject: Subject) -> Iterator[Finding]:
    """A tier of isolation is asked for that the language does not have.

    Arithmetic and SQL run in interpreters that have nothing to be kept from; a shell is a
    real process always.

    Leave `isolation` out, or take one of those that the help line names.
    """
    for path, _, execute in executing(subject):
        tiers = TIERS[execute.language]
        if execute.isolation not in ("auto", *tiers):
            message = f"{execute.language} does not run in the tier `{execute.isolation}`"
            known = ", ".join(f"`{tier}`" for tier in ("auto", *tiers))
            yield Finding(f"{path}.isolation", message, help=f"it can be {known}")


@rule(
    "MRLC222",
    "limit-without-effect",
    bad=tool_with("{language: python, max_processes: 8}"),
    good=tool_with("{language: shell, max_processes: 8}"),
)
def limits_have_an_effect(subject: Subject) -> Iterator[Finding]:
    """A limit is set that has no effect in this language and tier.

    Whoever reads it would believe that it has. Only a shell starts processes, only a real process
    writes files or has a CPU clock, and arithmetic takes no memory to speak of.

    Remove it. Every other limit holds by its default.
    """
    for path, _, execute in executing(subject):
        for name in sorted(_idle(execute) & execute.model_fields_set):
            message = f"`{name}` has no effect on {_what(execute)}"
            yield Finding(f"{path}.{name}", message, at=subject.name(f"{path}.{name}"))


def _idle(execute: Execute) -> set[str]:
    """The limits that a section does not have."""
    is_real = execute.language == "shell" or execute.isolation == "process"
    idle = set() if is_real else set(_REAL)
    if execute.language != "shell":
        idle.add("max_processes")
    if execute.language == "arithmetic":
        idle |= {"memory_mb", "output_bytes"}
    return idle


def _what(execute: Execute) -> str:
    inside = " in the interpreter" if execute.language == "python" else ""
    return f"{execute.language}{inside}" if execute.isolation != "process" else execute.language


@rule(
    "MRLC540",
    "code-outlasts-episode",
    severity="warning",
    bad=tool_with("{language: python, timeout_s: 30}", CODE, SHORT),
    good=tool_with("{language: python, timeout_s: 2}", CODE, SHORT),
)
def code_ends_before_its_episode(subject: Subject) -> Iterator[Finding]:
    """One call of the model's code may take as long as the whole episode.

    An endless loop is the most common hostile code, and often a mistake. It should cost the
    model one call, of which it is told, and not the episode.

    Keep `timeout_s` well below `turns.episode_timeout_s`.
    """
    most = subject.experiment.turns.episode_timeout_s
    for path, _, execute in executing(subject):
        if execute.timeout_s >= most:
            message = f"a call may take {execute.timeout_s:g} s of an episode's {most:g} s"
            is_set = "timeout_s" in execute.model_fields_set
            label = Label(subject.value("turns.episode_timeout_s"), "the episode")
            yield Finding(f"{path}.timeout_s" if is_set else path, message, "", (label,))
