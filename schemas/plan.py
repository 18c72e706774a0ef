"""The plan: the one contract between compiler and runtime.

`plan.json` is canonical JSON (UTF-8, sorted keys, no white space, a final newline).
It lies in a folder of its own, beside the inputs that it names and `provenance.json`:

    build/quickstart/
      plan.json          everything that changes a run
      provenance.json    where every value was written; never digested
      inputs/            data, fixtures and code, by the path that the plan uses

Two digests: `semantic` covers what changes a run, with the content of every input in
place of its path; `full` covers the labels too. `sections` holds one for each part that evidence
of a gate can be bound to.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.experiment import Experiment
from mrlc.schemas.section import Section

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


PARTS = (
    "model",
    "data.train",
    "data.validation",
    "data.test",
    "environment",
    "turns",
    "reward",
    "evaluation.scorer",
    "evaluation.reference",
    "algorithm.group_size",
    "algorithm.temperature",
    "warm_start",
    "gates.golden",
    "gates.success_threshold",
)
"""The parts of an experiment that have a digest of their own, each as fine as a gate needs it."""


class Input(Section):
    """A file that the plan carries, at `inputs/<its key>`."""

    sha256: Digest
    size: Annotated[int, Field(ge=0)]
    """Bytes."""


class Digests(Section):
    """SHA-256 of the plan's canonical forms, in hexadecimal."""

    semantic: Digest
    full: Digest
    sections: dict[str, Digest]
    """Of each of `PARTS`, by what it means: contents in place of paths."""


class Plan(Section):
    """A resolved experiment and the digests of all that it reads."""

    format: Literal["mrlc.plan/1"]
    experiment: Experiment
    inputs: dict[str, Input]
    digests: Digests


class Position(Section):
    """Where a value was written; line and column count from 1, in code points."""

    file: str
    """Relative to the root."""
    line: int
    column: int
    end_column: int
    """One past the last code point, on the same line."""
    text: str
    """The line, for a message when the file is gone."""
    origin: Literal["spec", "base", "override", "default", "axis"] = "spec"


class Provenance(Section):
    """Where each value came from: dotted path → position. Outside every digest."""

    root: str
    """Absolute path of the folder that input paths are relative to."""
    spec: str
    """The spec's file, relative to the root."""
    positions: dict[str, Position]
