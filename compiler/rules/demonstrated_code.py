"""Demonstrations do not teach code that its tool cannot run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from mrlc.compiler.example import Example
from mrlc.compiler.rules import Edit, Finding, Subject, rule
from mrlc.compiler.rules.execute import executing, tool_with
from mrlc.schemas.execute import Execute

MODULES = {
    "interpreter": """
asyncio base64 binascii bisect collections copy csv dataclasses datetime decimal functools hashlib
itertools json math os pathlib random re sys time tomllib typing unicodedata
""",
    "process": """
abc array base64 binascii bisect calendar cmath collections contextlib copy csv dataclasses datetime
decimal difflib enum fractions functools hashlib heapq html io itertools json locale math numbers
operator os pathlib pprint random re secrets statistics string struct sys textwrap time traceback
types typing unicodedata uuid warnings zlib
""",
}
"""What code can import in each tier; tests/runtime/sandbox runs each import."""
PATH = "warm_start.demonstrations"


def _shown(code: str) -> Example:
    """The example project with a demonstration that calls `calc`."""
    row = (
        '{"task": "t1", "messages": [{"role": "assistant", "content": "", "tool_calls": [{"type": '
        f'"function", "function": {{"name": "calc", "arguments": {{"code": "{code}"}}}}}}]}}, '
        '{"role": "tool", "content": "3"}, {"role": "assistant", "content": "J1"}]}\n'
    )
    return (
        *tool_with("{language: python}"),
        Edit("demonstrations: data/demos.jsonl", "demonstrations: data/calc.jsonl"),
        Edit(None, row, "specs/data/calc.jsonl"),
    )


@rule(
    "MRLC541",
    "unrunnable-demonstration",
    severity="warning",
    bad=_shown("import numpy"),
    good=_shown("import math"),
)
def demonstrated_code_runs(subject: Subject) -> Iterator[Finding]:
    """A demonstration calls a Python tool with code that the tool cannot run.

    The warm start teaches what is shown: the model learns to import what is not there, and each
    such call ends in an error.

    Write the code with the modules that the tool has, or give the tool `isolation: process`,
    the real CPython with its standard library.
    """
    warm_start = subject.experiment.warm_start
    if warm_start is None:
        return
    tools = {
        tool.name: (execute, execute.code_argument(tool.parameters))
        for _, tool, execute in executing(subject)
        if execute.language == "python"
    }
    for row in subject.files[warm_start.demonstrations].table.rows:
        for name, arguments in _calls(row.values.get("messages")):
            execute, argument = tools.get(name, (None, None))
            reason = _reason(arguments.get(argument), execute) if execute and argument else None
            if reason is not None:
                yield Finding(PATH, f"`{name}` cannot run this: {reason}", at=row.span)
                break


def _calls(messages: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The well-formed tool calls; other rules say what is wrong with the rest."""
    for message in messages if isinstance(messages, list) else ():
        calls = message.get("tool_calls") if isinstance(message, dict) else None
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function", call) if isinstance(call, dict) else {}
            arguments = function.get("arguments") if isinstance(function, dict) else None
            if isinstance(arguments, dict):
                yield str(function.get("name")), arguments


def _reason(code: Any, execute: Execute) -> str | None:
    """Why the tier of a tool cannot run some code, or None."""
    if not isinstance(code, str):
        return None
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "it is not Python"
    tier = "process" if execute.isolation == "process" else "interpreter"
    known = MODULES[tier].split()
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name.partition(".")[0] not in known:
                return f"there is no module `{name}` in it"
        if tier == "interpreter" and isinstance(node, ast.Yield | ast.YieldFrom):
            return "the interpreter has no `yield`"
    return None
