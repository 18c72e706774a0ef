"""The tools that ship, read from an export of them, whatever its form.

    a list       [{"name", "description", "parameters"}], or OpenAI's {"type", "function"}
    MCP          {"tools": [{"name", "description", "inputSchema"}]}, the answer of tools/list
    Bedrock      {"tools": [{"toolSpec": {"name", "inputSchema": {"json": …}}}]}, a toolConfig,
                 or the list in it
    OpenAPI      {"openapi", "paths"}: an operation is a tool, its operationId the name

References inside the file (`#/components/schemas/Order`) are followed; others are unknown. A
place in the file is a JSON pointer, `/tools/0/inputSchema`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Never

_METHODS = ("get", "put", "post", "delete", "patch")
_FORMS = ("parameters", "inputSchema", "input_schema")
_TYPES = ("string", "integer", "number", "boolean", "array", "object")
_DEPTH = 16
"""References that may lead to one another."""

Schema = Mapping[str, Any]


class NotAnExport(Exception):
    """The file is none of the forms; the message says why, and where in text that is no JSON."""

    def __init__(self, message: str, *, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True)
class ShippedParameter:
    """A parameter as it ships."""

    type: str | None
    """JSON Schema's type; None where it is not one plain type."""
    is_required: bool
    description: str
    schema: Schema = field(default_factory=dict)
    """All that is said of it."""
    place: str = ""


@dataclass(frozen=True)
class ShippedTool:
    """A tool as it ships."""

    name: str
    description: str
    parameters: Mapping[str, ShippedParameter] = field(default_factory=dict)
    result: Schema = field(default_factory=dict)
    """The schema of what it returns, where the export has one."""
    root: Any = None
    """What references inside its schemas are relative to."""
    place: str = ""


def read_export(text: str) -> dict[str, ShippedTool]:
    """The tools of an export, by name.

    Raises:
        NotAnExport: it is not one.
    """
    return {tool.name: tool for tool in read_tools(text)}


def read_tools(text: str) -> list[ShippedTool]:
    """The tools of an export, in order, names as they are, even twice.

    Raises:
        NotAnExport: it is not one.
    """
    try:
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise NotAnExport(f"not JSON: {error}", line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError) as error:
        raise NotAnExport(f"not JSON: {error}") from None
    if "\\ud" in text.lower():  # half a surrogate pair is JSON, and no text
        value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    tools = list(_tools(value))
    if not tools:
        raise NotAnExport("it holds no tools")
    return tools


def followed(schema: Any, root: Any) -> dict[str, Any]:
    """A schema, or what a reference stands for; what is said beside the reference counts.

    Empty where it leads nowhere in this file, or says nothing, as `true` does.
    """
    beside: dict[str, Any] = {}
    for _ in range(_DEPTH):
        if isinstance(schema, bool):
            return beside
        if not isinstance(schema.get("$ref"), str):
            return {**schema, **beside}
        beside = {**{key: schema[key] for key in schema if key != "$ref"}, **beside}
        schema = _target(schema["$ref"], root)
    return beside


def _target(reference: str, root: Any) -> Any:
    if not reference.startswith("#"):
        return {}
    for part in reference.removeprefix("#").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        root = root.get(key, {}) if isinstance(root, dict) else {}
    return root if isinstance(root, dict) else {}


def pointer(*parts: str | int) -> str:
    """The place of a value, as a JSON pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no number of JSON")


def _tools(value: Any) -> Iterator[ShippedTool]:
    if isinstance(value, dict) and "paths" in value:
        yield from _operations(value)
        return
    above: tuple[str, ...] = ()
    while isinstance(value, dict):
        key = next((key for key in ("tools", "result", "toolConfig") if key in value), None)
        if key is None:
            raise NotAnExport("it has neither `tools` nor `paths`")
        above, value = (*above, key), value[key]
    if not isinstance(value, list):
        raise NotAnExport(
            f"no list of tools at `{pointer(*above)}`" if above else "no list of tools"
        )
    for index, tool in enumerate(value):
        place = pointer(*above, index)
        yield _at(place, partial(_tool, tool, place))


def _at(place: str, read: Callable[[], ShippedTool]) -> ShippedTool:
    """What is read at a place, which is named where it has another form.

    Raises:
        NotAnExport: it has.
    """
    try:
        return read()
    except (AttributeError, KeyError, TypeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else "a part has another form"
        raise NotAnExport(f"not an export of tools: at `{place}`: {reason}") from None
    except RecursionError:
        raise NotAnExport(f"not an export of tools: `{place}` is nested too deep") from None


def _tool(tool: Any, place: str) -> ShippedTool:
    wrapper = next((key for key in ("function", "toolSpec") if tool.get(key)), None)
    told = tool[wrapper] if wrapper else tool
    at = place + (pointer(wrapper) if wrapper else "")
    form = next((key for key in _FORMS if told.get(key)), None)
    schema: dict[str, Any] = told[form] if form else {}
    at += pointer(form) if form else ""
    if "json" in schema:
        schema, at = schema["json"], at + "/json"
    return ShippedTool(
        name=_name(told["name"]),
        description=_text(told.get("description")),
        parameters=dict(_properties(schema, schema, at)),
        result=followed(told.get("outputSchema") or {}, told.get("outputSchema")),
        root=schema,
        place=place,
    )


def _operations(api: Any) -> Iterator[ShippedTool]:
    if not isinstance(api["paths"], dict):
        raise NotAnExport("no operations at `/paths`")
    for path, methods in api["paths"].items():
        for method in _METHODS:
            if isinstance(methods, dict) and method in methods:
                place = pointer("paths", path, method)
                yield _at(place, partial(_operation, methods, method, api, place))


def _operation(methods: Any, method: str, api: Any, place: str) -> ShippedTool:
    operation, parameters = methods[method], {}
    shared = ((place.rpartition("/")[0], one) for one in methods.get("parameters") or ())
    own = ((place, one) for one in operation.get("parameters") or ())
    for above, given in (*shared, *own):
        one = followed(given, api)
        schema = followed(one.get("schema") or {}, api)
        if told := _text(one.get("description")):
            schema["description"] = told
        name, is_required = _name(one["name"]), bool(one.get("required"))
        at = above + pointer("parameters", name)
        parameters[name] = _parameter(schema, api, at, is_required=is_required)
    body = _content(operation.get("requestBody") or {}, api)
    at = place + pointer("requestBody", "content", "application/json", "schema")
    parameters.update(_properties(body, api, at))
    return ShippedTool(
        name=_name(operation["operationId"]),
        description=_text(operation.get("description")) or _text(operation.get("summary")),
        parameters=parameters,
        result=_response(operation, api),
        root=api,
        place=place,
    )


def _response(operation: Any, api: Any) -> Schema:
    responses = operation.get("responses") or {}
    good = next((key for key in ("200", "201", "2XX", "default") if key in responses), None)
    return _content(responses[good], api) if good else {}


def _content(message: Any, api: Any) -> dict[str, Any]:
    """The schema of a request's or a response's JSON."""
    content = followed(message, api).get("content") or {}
    return followed((content.get("application/json") or {}).get("schema") or {}, api)


def _properties(schema: Any, root: Any, place: str) -> Iterator[tuple[str, ShippedParameter]]:
    schema = followed(schema, root)
    required = schema.get("required") or ()
    for name, one in (schema.get("properties") or {}).items():
        at = place + pointer("properties", name)
        yield name, _parameter(one, root, at, is_required=name in required)


def _parameter(schema: Any, root: Any, place: str, *, is_required: bool) -> ShippedParameter:
    found = followed(schema, root)
    kind = found.get("type") if found.get("type") in _TYPES else None
    return ShippedParameter(kind, is_required, _text(found.get("description")), found, place)


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a name is text")
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
