"""A tool that runs what the model writes: Python, SQL, arithmetic or a shell, in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from mrlc.schemas.section import Identifier, Section

Language = Literal["python", "sql", "arithmetic", "shell"]
Isolation = Literal["auto", "interpreter", "process", "namespaces"]

TIERS: dict[Language, tuple[Isolation, ...]] = {
    "python": ("interpreter", "process"),
    "sql": ("interpreter",),
    "arithmetic": ("interpreter",),
    "shell": ("namespaces", "process"),
}
"""The tiers that a language can run in; `auto` is the first that holds on the machine."""


class Execute(Section):
    """Code of the model, really run: no network, no file but its own, nothing left behind.

    Every limit has a value, and a call that reaches one is stopped and told so. Between calls
    only a database remembers; each call of the other languages starts afresh.
    """

    language: Language
    """What the code is. `arithmetic`: one expression over numbers."""
    argument: Identifier | None = None
    """The parameter that holds the code; left out: the only one of type string."""
    isolation: Isolation = "auto"
    """What keeps the code in. `interpreter`: one without files or sockets (Monty, for Python).
    `process`: the real CPython, or sh, without rights; Linux. `namespaces`: bubblewrap. Never
    replaced by a weaker one."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    """Seconds of a call; 1 is long for a computation and short for a hostile loop."""
    cpu_s: Annotated[float, Field(gt=0, le=60)] | None = None
    """Seconds of CPU time; left out: half of `timeout_s`, so that a busy machine does not decide."""
    memory_mb: Annotated[int, Field(ge=16, le=4096)] = 128
    """Megabytes of memory, on top of what the interpreter itself takes."""
    output_bytes: Annotated[int, Field(ge=64, le=1_048_576)] = 16_384
    """Bytes of output kept; code that writes more is stopped. More than a model is shown."""
    max_processes: Annotated[int, Field(ge=4, le=256)] = 32
    """Processes of a shell at a time; bubblewrap itself takes three."""
    max_file_mb: Annotated[int, Field(ge=1, le=1024)] = 8
    """Megabytes that a real process may write into its private folder, all files together."""
    state: Identifier | None = None
    """Name under `environment.state` of the database that SQL runs on."""

    def code_argument(self, parameters: Mapping[str, object]) -> str | None:
        """The parameter that holds the code; None where that is open."""
        strings = [name for name, one in parameters.items() if getattr(one, "type", "") == "string"]
        if self.argument is not None:
            return self.argument if self.argument in strings else None
        return strings[0] if len(strings) == 1 else None

    @model_validator(mode="after")
    def _sql_has_a_state(self) -> Execute:
        if (self.language == "sql") != (self.state is not None):
            raise ValueError("`state` names the database of `language: sql`, and of nothing else")
        return self
