"""One side of a comparison: a plan, where its values are written, and the files it carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mrlc.compiler.diagnostics import CompileFailed
from mrlc.compiler.fault import broken_plan
from mrlc.compiler.files import InputFile
from mrlc.compiler.plan import Compiled
from mrlc.compiler.sweep.compile import Swept
from mrlc.compiler.sweep.positions import Positions
from mrlc.compiler.tree import Keys
from mrlc.compiler.write import INPUTS, PLAN, PROVENANCE
from mrlc.schemas import Plan
from mrlc.schemas.plan import Position, Provenance


@dataclass(frozen=True)
class Side:
    """A plan that can be compared."""

    plan: Plan
    spec: str
    """The spec's file, relative to the root."""
    positions: Mapping[str, Position]
    files: Mapping[str, InputFile]
    """By the key that the plan uses."""

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.plan.experiment.name

    def at(self, path: Keys) -> Position | None:
        """Where a value is written; None for a default."""
        return self.positions.get(".".join(path))


def of_compiled(compiled: Compiled) -> Side:
    """The side of a spec that was just compiled."""
    where = compiled.provenance
    return Side(compiled.plan, where.spec, where.positions, compiled.inputs)


def of_swept(swept: Swept) -> list[Side]:
    """The sides of the variants of a sweep that was just compiled."""
    positions = Positions(swept.base)
    sides = []
    for one in swept.variants:
        where = Provenance.model_validate_json(positions.content(one))
        files = {key: swept.inputs[key] for key in one.inputs}
        sides.append(Side(one.plan, where.spec, where.positions, files))
    return sides


def sides_of(plan: Compiled | Swept) -> list[Side]:
    """The sides of a spec: one, or one a variant."""
    return of_swept(plan) if isinstance(plan, Swept) else [of_compiled(plan)]


def read_plans(folder: Path) -> list[Side]:
    """The plans in a build folder, or the one that the folder is.

    Raises:
        CompileFailed: a plan cannot be read.
    """
    if (folder / PLAN).is_file():
        return [_read(folder)]
    return [_read(path.parent) for path in _plans(folder)]


def holds_plans(folder: Path) -> bool:
    """Whether a folder is a plan's or holds some."""
    return (folder / PLAN).is_file() or bool(_plans(folder))


def _plans(folder: Path) -> list[Path]:
    """The plans below a build folder; those of a sweep lie one folder deeper."""
    return sorted([*folder.glob(f"*/{PLAN}"), *folder.glob(f"*/*/{PLAN}")])


def _read(folder: Path) -> Side:
    try:
        plan = Plan.model_validate_json((folder / PLAN).read_bytes())
        where = Provenance.model_validate_json((folder / PROVENANCE).read_bytes())
    except (OSError, ValueError):
        message = "this plan cannot be read"
        raise CompileFailed(
            [broken_plan(folder / PLAN, message, "compile its spec again")]
        ) from None
    files = {key: InputFile(key, folder / INPUTS / key) for key in plan.inputs}
    return Side(plan, where.spec, where.positions, files)
