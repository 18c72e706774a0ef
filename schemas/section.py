"""The base of every section, and the markers that tell the compiler what a string is.

A section is frozen, refuses unknown keys, and never coerces: `"3"` is not 3. The
markers ride in the annotations, so the compiler finds prompts, files and code
references by walking the models and keeps no list of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Unsound(Exception):
    """A field was read that a faulty spec gives no value; see `mrlc.compiler.salvage`."""


class Section(BaseModel):
    """A part of a spec: frozen, strict, closed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Called for what is not there: of a valid section that is never a field."""
            if name in type(self).model_fields:
                raise Unsound(name)
            return super().__getattr__(name)


@dataclass(frozen=True)
class PromptMarker:
    """A template rendered for each episode; the columns it uses are those of the data."""

    names: tuple[str, ...] = ("task",)
    """What its expressions may use."""
    fenced: tuple[str, ...] = ()
    """Texts of the model, which it may hold as they are and no expression may work on."""


@dataclass(frozen=True)
class FileMarker:
    """A file that the plan carries: relative to the spec in a spec, to the root in a plan."""

    suffixes: tuple[str, ...]
    is_read_by_runs: bool = True
    """False where only the compiler reads it: its content then changes no run."""


@dataclass(frozen=True)
class FolderMarker:
    """A folder that the plan carries file by file, `./path/from/root` in a plan; or `empty`."""


@dataclass(frozen=True)
class CodeMarker:
    """`path/to/file.py:name`; the plan carries the file."""


Prompt = Annotated[str, PromptMarker()]
JudgePrompt = Annotated[str, PromptMarker(fenced=("answer", "transcript"))]
WalkText = Annotated[Any, PromptMarker(("task", "results"))]
"""A JSON value; a text in it may use the task's columns and the results of earlier calls."""
TaskFile = Annotated[str, FileMarker((".jsonl", ".csv"))]
TableFile = Annotated[str, FileMarker((".csv", ".jsonl"))]
DemonstrationFile = Annotated[str, FileMarker((".jsonl",))]
ExportFile = Annotated[str, FileMarker((".json",), is_read_by_runs=False)]
SqlFile = Annotated[str, FileMarker((".sql",))]
FolderOrEmpty = Annotated[str, FolderMarker()]
CodeReference = Annotated[str, CodeMarker(), Field(pattern=r"^[\w./-]+\.py:[A-Za-z_]\w*$")]
"""A file and a name in it, `rewards/polite.py:score`; the file is an input of the plan."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=48)]
"""Lower-case words joined by `-` or `_`: safe in a file name, a metric and a job name."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]
"""What a chat template and SQL accept as the name of a parameter or a column."""

ToolName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=64)]
"""What models and services accept as the name of a tool: MCP servers like `get-forecast`."""

ColumnPath = Annotated[str, Field(pattern=r"^task(\.[A-Za-z_][A-Za-z0-9_]*)+$")]
"""A value in the task's row: `task.expected`, `task.customer.name`."""

Json = Any
"""A JSON value; the compiler has already refused what JSON cannot say."""
