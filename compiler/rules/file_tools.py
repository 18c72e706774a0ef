"""File tools: the model says which file, and what to write."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.diagnostics import Diagnostic, Fix, Label
from mrlc.compiler.rules import Subject, check
from mrlc.compiler.suggest import did_you_mean, nearest
from mrlc.schemas.file_tool import FileTool
from mrlc.schemas.tools import Tool


@check
def files_are_named_by_arguments(subject: Subject) -> Iterator[Diagnostic]:
    """Each parameter that the action needs is there, and is a text."""
    for at, tool in subject.experiment.environment.every_tool():
        if tool.file is not None:
            yield from _tool(subject, tool, tool.file, at)


def _tool(subject: Subject, tool: Tool, file: FileTool, path: str) -> Iterator[Diagnostic]:
    needed = {"path": file.path} if file.action != "list" else {}
    needed |= {"content": file.content} if file.action == "write" else {}
    for field, name in needed.items():
        at = f"{path}.file.{field}"
        span = subject.value(at)
        parameter = tool.parameters.get(name)
        if parameter is None:
            near = nearest(name, tool.parameters)
            fix = Fix.at(span, name, near) if near and subject.scalar(at) else None
            help = did_you_mean(name, tool.parameters) or f"`{file.action}` takes its {field} there"
            message = f"`{name}` is not a parameter of tool `{tool.name}`"
            yield Diagnostic("MRLC330", message, span, help=help, path=at, fix=fix)
        elif parameter.type != "string" or not parameter.required:
            label = Label(subject.name(f"{path}.parameters.{name}"), "declared here")
            message = f"`{name}` must be a required string, as it holds the file's {field}"
            yield Diagnostic("MRLC330", message, span, "", (label,), path=at)
