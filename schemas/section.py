"""The base of every section, and the markers that tell the compiler what a string is.

A section is frozen, refuses unknown keys, and never coerces: `"3"` is not 3. The
markers ride in the annotations, so the compiler finds prompts, files and code
references by walking the models and keeps no list of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A part of a spec: frozen, strict, closed."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


@dataclass(frozen=True)
class PromptMarker:
    """A template rendered for each episode; the columns it uses are those of the data."""

    names: tuple[str, ...] = ("task",)
    """What it may use."""


@dataclass(frozen=True)
class FileMarker:
    """A file that the plan carries: relative to the spec in a spec, to the root in a plan."""

    suffixes: tuple[str, ...]
    is_read_by_runs: bool = True
    """False where only the compiler reads it: its content then changes no run."""


@dataclass(frozen=True)
class CodeMarker:
    """`path/to/file.py:name`; the plan carries the file."""


Prompt = Annotated[str, PromptMarker()]
WalkText = Annotated[Any, PromptMarker(("task", "results"))]
"""A JSON value; a text in it may use the task's columns and the results of earlier calls."""
TaskFile = Annotated[str, FileMarker((".jsonl", ".csv"))]
TableFile = Annotated[str, FileMarker((".csv", ".jsonl"))]
DemonstrationFile = Annotated[str, FileMarker((".jsonl",))]
ExportFile = Annotated[str, FileMarker((".json",), is_read_by_runs=False)]
SqlFile = Annotated[str, FileMarker((".sql",))]
CodeReference = Annotated[str, CodeMarker(), Field(pattern=r"^[\w./-]+\.py:[A-Za-z_]\w*$")]
"""A file and a name in it, `rewards/polite.py:score`; the file is an input of the plan."""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=48)]
"""Lower-case words joined by `-` or `_`: safe in a file name, a metric and a job name."""

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]
"""What a chat template and SQL accept as the name of a tool, a parameter or a column."""

ColumnPath = Annotated[str, Field(pattern=r"^task(\.[A-Za-z_][A-Za-z0-9_]*)+$")]
"""A value in the task's row: `task.expected`, `task.customer.name`."""

Json = Any
"""A JSON value; the compiler has already refused what JSON cannot say."""
