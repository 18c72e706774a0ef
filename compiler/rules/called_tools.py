"""Tools whose calls are paid for: they are there, with the arguments that are compared."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.rules import Edit, Finding, Label, Subject, check, rule
from mrlc.compiler.rules.columns import missing_column
from mrlc.compiler.suggest import did_you_mean
from mrlc.schemas.components import ToolCalled

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
LOOKS = "{name: looks, kind: tool_called, tool: find_bike, weight: 0.1}"


@rule(
    "MRLC581",
    "unknown-paid-tool",
    bad=(Edit(POLITE, LOOKS.replace("find_bike", "find_bik")),),
    good=(Edit(POLITE, LOOKS),),
)
def paid_tools_exist(subject: Subject) -> Iterator[Finding]:
    """A component pays for calls of a tool, or with an argument, that the environment has not.

    No call can earn it: a call of an unknown tool is answered by an error.

    Write the name of a tool under `environment.tools`, and of its parameters.
    """
    tools = {tool.name: tool for tool in subject.experiment.environment.tools}
    for path, component in _called(subject):
        if component.tool not in tools:
            help = did_you_mean(component.tool, tools)
            yield Finding(f"{path}.tool", f"no tool is called `{component.tool}`", help=help)
            continue
        parameters = tools[component.tool].parameters
        for name in component.arguments:
            if name not in parameters:
                message = f"`{name}` is not a parameter of the tool `{component.tool}`"
                label = Label(subject.value(f"{path}.tool"), "the tool")
                help = did_you_mean(name, parameters)
                at = subject.name(f"{path}.arguments.{name}")
                yield Finding(f"{path}.arguments.{name}", message, "", (label,), help, at)


@check
def compared_arguments_exist(subject: Subject) -> Iterator[Diagnostic]:
    """A column that an argument is compared with is in every task."""
    for path, component in _called(subject):
        for name, value in component.arguments.items():
            if isinstance(value, str) and value.startswith("task."):
                at = f"{path}.arguments.{name}"
                fault = missing_column(subject, tuple(value.split(".")), subject.value(at), at)
                if fault is not None:
                    yield fault


def _called(subject: Subject) -> Iterator[tuple[str, ToolCalled]]:
    for index, component in enumerate(subject.experiment.reward.components):
        if isinstance(component, ToolCalled):
            yield f"reward.components.{index}", component
