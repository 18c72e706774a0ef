"""The tools that ship, read from an export of them, whatever its form.

    a list       [{"name", "description", "parameters"}], or OpenAI's {"type", "function"}
    MCP          {"tools": [{"name", "description", "inputSchema"}]}, the answer of tools/list
    Bedrock      {"tools": [{"toolSpec": {"name", "inputSchema": {"json": …}}}]}, a toolConfig
    OpenAPI      {"openapi", "paths"}: an operation is a tool, its operationId the name

References inside the file (`#/components/schemas/Order`) are followed; others are unknown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_METHODS = ("get", "put", "post", "delete", "patch")
_DEPTH = 16
"""References that may lead to one another."""


class NotAnExport(Exception):
    """The file is none of the forms; the message says why."""


@dataclass(frozen=True)
class ShippedParameter:
    """A parameter as it ships."""

    type: str | None
    """JSON Schema's type; None where it is not one plain type."""
    is_required: bool
    description: str


@dataclass(frozen=True)
class ShippedTool:
    """A tool as it ships."""

    name: str
    description: str
    parameters: Mapping[str, ShippedParameter] = field(default_factory=dict)


def read_export(text: str) -> dict[str, ShippedTool]:
    """The tools of an export, by name.

    Raises:
        NotAnExport: it is not one.
    """
    try:
        value = json.loads(text)
        tools = list(_tools(value))
    except (ValueError, RecursionError) as error:
        raise NotAnExport(f"not JSON: {error}") from None
    except (AttributeError, KeyError, TypeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else "a part has another form"
        raise NotAnExport(f"not an export of tools: {reason}") from None
    if not tools:
        raise NotAnExport("it holds no tools")
    return {tool.name: tool for tool in tools}


def _tools(value: Any) -> Iterator[ShippedTool]:
    if isinstance(value, dict) and "paths" in value:
        yield from _operations(value)
        return
    while isinstance(value, dict):
        inner = next(
            (value[key] for key in ("tools", "result", "toolConfig") if key in value), None
        )
        if inner is None:
            raise NotAnExport("it has neither `tools` nor `paths`")
        value = inner
    for tool in value:
        yield _tool(tool)


def _tool(tool: Any) -> ShippedTool:
    told = tool.get("function") or tool.get("toolSpec") or tool
    forms = ("parameters", "inputSchema", "input_schema")
    schema: dict[str, Any] = next((told[key] for key in forms if told.get(key)), {})
    schema = schema.get("json", schema)
    parameters = dict(_properties(schema, schema))
    return ShippedTool(str(told["name"]), told.get("description") or "", parameters)


def _operations(api: Any) -> Iterator[ShippedTool]:
    for path in api["paths"].values():
        for method in _METHODS:
            if method in path:
                yield _operation(path[method], path.get("parameters") or [], api)


def _operation(operation: Any, shared: list[Any], api: Any) -> ShippedTool:
    parameters = {}
    for given in (*shared, *(operation.get("parameters") or ())):
        one = _followed(given, api)
        schema: dict[str, Any] = {
            **one.get("schema", {}),
            "description": one.get("description", ""),
        }
        parameters[one["name"]] = _parameter(schema, api, is_required=bool(one.get("required")))
    body = _followed(operation.get("requestBody") or {}, api).get("content", {})
    content = _followed(body.get("application/json", {}).get("schema", {}), api)
    parameters.update(_properties(content, api))
    description = operation.get("description") or operation.get("summary") or ""
    return ShippedTool(operation["operationId"], description, parameters)


def _properties(schema: Any, root: Any) -> Iterator[tuple[str, ShippedParameter]]:
    required = schema.get("required") or ()
    for name, one in (schema.get("properties") or {}).items():
        yield name, _parameter(one, root, is_required=name in required)


def _parameter(schema: Any, root: Any, *, is_required: bool) -> ShippedParameter:
    found = _followed(schema, root)
    kind = found.get("type")
    return ShippedParameter(
        kind if isinstance(kind, str) else None, is_required, found.get("description") or ""
    )


def _followed(schema: Any, root: Any) -> Any:
    """What a reference stands for; an empty schema where it leads nowhere in this file."""
    for _ in range(_DEPTH):
        reference = schema.get("$ref")
        if reference is None:
            return schema
        found = root
        for part in str(reference).removeprefix("#/").split("/"):
            found = found.get(part, {})
        schema = found
    return {}
