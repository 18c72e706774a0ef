"""E3: the agent trains on the tools that it will be given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

from mrlc.compiler.diagnostics import Span
from mrlc.compiler.files import InputFile
from mrlc.compiler.production import NotAnExport, ShippedTool, read_export
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.suggest import did_you_mean
from mrlc.schemas.tools import Tool

PATH = "environment.production"
FILE = "specs/tools.json"
EXPORT = json.dumps(
    [
        {
            "name": "find_bike",
            "description": "",
            "parameters": {"properties": {"bike": {"type": "string"}}, "required": ["bike"]},
        },
        {
            "name": "book",
            "description": "",
            "parameters": {"properties": {"day": {"type": "integer"}}, "required": ["day"]},
        },
    ],
    indent=2,
)
PINNED = Edit("  state:\n", "  production: tools.json\n  state:\n")
SHIPPED = Edit(None, EXPORT, FILE)


@rule(
    "MRLC338",
    "bad-export",
    bad=(PINNED, Edit(None, '{"functions": []}\n', FILE)),
    good=(PINNED, SHIPPED),
)
def export_can_be_read(subject: Subject) -> Iterator[Finding]:
    """The file under `environment.production` is not an export of tools.

    Nothing could be compared with it, so the check that it is there for would not happen.

    Export a list of JSON Schemas, an OpenAPI document, the answer of MCP's tools/list, or a
    Bedrock toolConfig.
    """
    file = _file(subject)
    if file is not None and isinstance(found := _export(file, file.sha256), str):
        yield Finding(PATH, f"`{file.key}`: {found}")


@rule(
    "MRLC519",
    "surface-differs",
    bad=(PINNED, Edit(None, EXPORT.replace("find_bike", "find_bikes"), FILE)),
    good=(PINNED, SHIPPED),
)
def tools_are_those_that_ship(subject: Subject) -> Iterator[Finding]:
    """A tool or a parameter is only here, or only in production.

    The agent learns to call what it will not have, or meets a tool that it never saw.

    Name tools and parameters as production does, and pin a new export when it changes. A tool
    of production that no task needs may be a distractor; a distractor may be invented.
    """
    shipped = _shipped(subject)
    tools = {tool.name: index for index, tool in enumerate(subject.experiment.environment.tools)}
    for name, index in tools.items():
        if shipped and name not in shipped:
            help = did_you_mean(name, shipped.keys() - tools.keys())
            message = f"production has no tool `{name}`"
            yield Finding(f"environment.tools.{index}.name", message, "", _pinned(subject), help)
    given = {tool.name for _, tool in subject.experiment.environment.every_tool()}
    lacking = [name for name in shipped if name not in given]
    # A tool of another name is said once, where it is written.
    if lacking and not tools.keys() - shipped.keys():
        message = f"production has a tool `{lacking[0]}` that the agent is not given"
        yield Finding("environment.tools", message, "", _pinned(subject))
    for path, tool, other in _pairs(subject):
        yield from _parameters(subject, path, tool, other)


@rule(
    "MRLC520",
    "parameter-type-differs",
    bad=(PINNED, Edit(None, EXPORT.replace("integer", "string"), FILE)),
    good=(PINNED, SHIPPED),
)
def parameters_have_their_types(subject: Subject) -> Iterator[Finding]:
    """A parameter has another type than in production.

    The agent learns to write `3` where production wants `"3"`, and its calls are refused.

    Declare the type that ships.
    """
    for path, tool, other in _pairs(subject):
        for name, parameter in tool.parameters.items():
            one = other.parameters.get(name)
            if one is not None and one.type not in (None, parameter.type):
                at = f"{path}.parameters.{name}.type"
                message = f"`{name}` is of type {parameter.type}; production's is {one.type}"
                yield Finding(at, message, "", _pinned(subject))


@rule(
    "MRLC521",
    "required-differs",
    bad=(PINNED, Edit(None, EXPORT.replace('"day"\n', ""), FILE)),
    good=(PINNED, SHIPPED),
)
def parameters_are_required_alike(subject: Subject) -> Iterator[Finding]:
    """A parameter is required here and not in production, or there and not here.

    An agent that learnt to leave an argument out is refused where it is required; one that
    never could does not learn the short call.

    Say `required: true` or `false` as production does.
    """
    for path, tool, other in _pairs(subject):
        for name, parameter in tool.parameters.items():
            one = other.parameters.get(name)
            if one is not None and one.is_required != parameter.required:
                words = ("optional", "required")
                message = (
                    f"`{name}` is {words[parameter.required]} here and "
                    f"{words[one.is_required]} in production"
                )
                at = f"{path}.parameters.{name}"
                yield Finding(at, message, "", _pinned(subject), at=subject.name(at))


@rule(
    "MRLC522",
    "description-drifted",
    severity="warning",
    bad=(
        PINNED,
        Edit(None, EXPORT.replace('"description": ""', '"description": "A bike."', 1), FILE),
    ),
    good=(
        PINNED,
        Edit(None, EXPORT.replace('"description": ""', '"description": "A bike."', 1), FILE),
        Edit("name: find_bike\n", "name: find_bike\n      description: A bike.\n"),
    ),
)
def descriptions_are_those_that_ship(subject: Subject) -> Iterator[Finding]:
    """A tool or parameter is described in other words than in production.

    The description is part of the prompt. The agent is trained under one prompt and will be
    asked under another.

    Copy production's words, or ship these.
    """
    for path, tool, other in _pairs(subject):
        if " ".join(tool.description.split()) != " ".join(other.description.split()):
            yield _drift(subject, path, f"`{tool.name}`", other.description)
        for name, parameter in tool.parameters.items():
            one = other.parameters.get(name)
            if one and " ".join(parameter.description.split()) != " ".join(one.description.split()):
                yield _drift(subject, f"{path}.parameters.{name}", f"`{name}`", one.description)


def _drift(subject: Subject, path: str, what: str, words: str) -> Finding:
    help = f"production says: {words}" if words else "production says nothing"
    message = f"{what} is described in other words than in production"
    at = f"{path}.description" if subject.scalar(f"{path}.description") else path
    span = subject.value(at) if at != path else subject.name(path)
    return Finding(at, message, "", _pinned(subject), help, span)


def _parameters(subject: Subject, path: str, tool: Tool, other: ShippedTool) -> Iterator[Finding]:
    for name in tool.parameters:
        if name not in other.parameters:
            at = f"{path}.parameters.{name}"
            help = did_you_mean(name, other.parameters.keys() - tool.parameters.keys())
            message = f"production's `{tool.name}` has no parameter `{name}`"
            yield Finding(at, message, "", _pinned(subject), help, subject.name(at))
    lacking = [name for name in other.parameters if name not in tool.parameters]
    if lacking and not tool.parameters.keys() - other.parameters.keys():
        message = f"production's `{tool.name}` has a parameter `{lacking[0]}` that is not here"
        at = f"{path}.parameters" if tool.parameters else f"{path}.name"
        yield Finding(at, message, "", _pinned(subject))


def _pairs(subject: Subject) -> Iterator[tuple[str, Tool, ShippedTool]]:
    """The tools that are here and in production: path and both."""
    shipped = _shipped(subject)
    for path, tool in subject.experiment.environment.every_tool():
        if tool.name in shipped:
            yield path, tool, shipped[tool.name]


def _shipped(subject: Subject) -> dict[str, ShippedTool]:
    """The tools of the export; none where there is no readable one."""
    file = _file(subject)
    found = _export(file, file.sha256) if file is not None else {}
    return {} if isinstance(found, str) else found


def _file(subject: Subject) -> InputFile | None:
    key = subject.experiment.environment.production
    return None if key is None else subject.files[key]


@lru_cache(maxsize=8)
def _export(file: InputFile, sha256: str) -> dict[str, ShippedTool] | str:
    """The tools, or why there are none."""
    try:
        return read_export(file.text)
    except NotAnExport as error:
        return str(error)


def _pinned(subject: Subject) -> tuple[Label, ...]:
    span: Span = subject.value(PATH)
    return (Label(span, "what ships"),)
