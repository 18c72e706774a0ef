"""The project around imported tools: its spec, its tables and tasks to be replaced.

What is written compiles, and what it says of the world is invented: comments say what to fill
in. All text of the export goes through the YAML writer, and braces that would be expressions
are written as text.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from mrlc.compiler.imported.note import Note, listed, plain
from mrlc.compiler.imported.tasks import SPLITS, demonstrations, largest, tasks
from mrlc.compiler.imported.tools import ImportedTool, imported_tools
from mrlc.compiler.production import ShippedTool
from mrlc.compiler.source import MAX_BYTES
from mrlc.schemas.environment import MAX_TOOLS

NAME = "agent"
"""Of the spec and of the folder beside it."""
_NOTES = 6
"""Notes in the comment above a tool."""
_HEAD = """\
# The agent of {export}: {count}, as production declares them.
# What is invented is yours to replace:
#
#   {name}/recorded/*.csv   what the tools answer: real requests and their results
#   {name}/*.jsonl          tasks, each with the answer that it should get
#   answer, reward          what an answer is, and what it is paid for
#
#   mrlc check
#   mrlc compile && mrlc run build/{name}
"""


class TooLarge(Exception):
    """An export that no spec can hold; the message says why."""


def imported_project(
    text: str, shipped: Sequence[ShippedTool], *, export: str
) -> tuple[dict[str, str], list[Note]]:
    """The project's files by path, and what the spec does not say.

    `text` is the export's own, and `export` its name for a person.

    Raises:
        TooLarge: there is more in it than a spec takes.
    """
    if len(shipped) > MAX_TOOLS:
        raise TooLarge(f"it has {len(shipped)} tools, and a spec takes {MAX_TOOLS}: keep some")
    tools = imported_tools(shipped)
    _check_size(sum(len(json.dumps(tool.spec(""))) for tool in tools))
    tables = _tables(tools)
    rows = tasks(tools)
    files = {
        f"specs/{NAME}.yaml": _spec(tools, tables, rows, export),
        f"specs/{NAME}/production.json": text,
        f"specs/{NAME}/demonstrations.jsonl": _lines(demonstrations(rows["train"])),
    }
    for split in SPLITS:
        files[f"specs/{NAME}/{split}.jsonl"] = _lines(task.row for task in rows[split])
    files |= {f"specs/{tables[tool.name]}": tool.table() for tool in tools if tool.match}
    _check_size(len(files[f"specs/{NAME}.yaml"].encode()))
    return files, [note for tool in tools for note in tool.notes]


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise TooLarge(f"the spec would be larger than {MAX_BYTES:,} bytes: keep some of the tools")


def _lines(rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _tables(tools: Sequence[ImportedTool]) -> dict[str, str]:
    """Tool → path of its table; names that differ in case alone are one file on some disks."""
    paths: dict[str, str] = {}
    taken: set[str] = set()
    for number, tool in enumerate(tools):
        name = tool.name if tool.name.lower() not in taken else f"{tool.name}-{number}"
        taken.add(name.lower())
        paths[tool.name] = f"{NAME}/recorded/{name}.csv"
    return paths


def _spec(tools: Sequence[ImportedTool], tables: Any, rows: Any, export: str) -> str:
    sizes = largest(rows, tools)
    spec = CommentedMap(
        mrlc="v1",
        name=NAME,
        description="Use the tools that ship to answer.",
        model={"base": "tiny", "tiny": {"context": sizes.context}},
        data={split: f"{NAME}/{split}.jsonl" for split in SPLITS},
        environment=_environment(tools, tables),
        turns={
            "human": 2,
            "max_tokens": sizes.turn,
            "tool_result_tokens": sizes.result,
        },
        reward={
            "components": [
                {"name": "fields", "kind": "field_accuracy", "against": "task.expected", "weight": 0.9},
                {"name": "format", "kind": "answered", "weight": 0.1},
            ],
            "diverges_because": "all or nothing leaves most groups without a difference to learn from",
        },
        evaluation={"scorer": {"kind": "exact_fields", "against": "task.expected"}},
        warm_start={
            "demonstrations": f"{NAME}/demonstrations.jsonl",
            "steps": 140,
            "learning_rate": 0.004,
            "warmup_steps": 20,
        },
        algorithm={
            "group_size": 8,
            "prompts_per_step": min(8, len(rows["train"])),
            "steps": 20,
            "learning_rate": 0.001,
        },
    )  # fmt: skip
    before = {
        "model": "built from this spec; name a real one here",
        "data": "examples: replace them with tasks of your own",
        "turns": "what a person needs: one call, and the answer",
        "warm_start": "episodes that the built-in model is shown first; a real model needs none",
    }
    for key, comment in before.items():
        spec.yaml_set_comment_before_after_key(key, before=comment)
    count = "one tool" if len(tools) == 1 else f"{len(tools)} tools"
    return _HEAD.format(export=plain(export), count=count, name=NAME) + _written(spec)


def _environment(tools: Sequence[ImportedTool], tables: Any) -> CommentedMap:
    pin = f"{NAME}/production.json"
    found = CommentedMap(
        system="Answer with the help of the tools.",
        prompt=DoubleQuotedScalarString("{{ task.question }}"),
    )
    if any(note.breaks_pin for tool in tools for note in tool.notes):
        where = "the export cannot be compared with: a name in it is none that a spec can say.\n"
        comment = f"{where}production: {pin}"
    else:
        found["production"] = pin
        comment = ""
    items = CommentedSeq(_text(tool.spec(tables[tool.name])) for tool in tools)
    for index, tool in enumerate(tools):
        if tool.notes:
            lines = ["not as it ships:", *(f"  {line}" for line in listed(tool.notes, _NOTES))]
            items.yaml_set_comment_before_after_key(index, before="\n".join(lines), indent=4)
    found["tools"] = items
    if comment:
        found.yaml_set_comment_before_after_key("tools", before=comment, indent=2)
    found["answer"] = {"json": {"result": {"type": "string"}}}
    return found


def _text(value: Any) -> Any:
    """The value with its braces written as text, wherever an expression would be read."""
    if isinstance(value, str):
        text = re.sub(r"\{[{%#]", r"{{ '\g<0>' }}", value)
        # Only quoted twice does a NEL or a line separator keep from being folded as a line break.
        return text if text.isprintable() else DoubleQuotedScalarString(text)
    if isinstance(value, dict):
        return {key: _text(one) for key, one in value.items()}
    return [_text(one) for one in value] if isinstance(value, list) else value


def _written(spec: CommentedMap) -> str:
    yaml = YAML()
    yaml.width = 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(spec, stream)
    return stream.getvalue()
