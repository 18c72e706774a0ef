"""Targets: plan → the files that a place to run asks for, beside the plan.

A target is pure emission. Where a plan runs here, `plan.json` is all there is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mrlc.schemas import Plan

if TYPE_CHECKING:
    from mrlc.compiler.targets.sagemaker import Sources


def emit(plan: Plan, folder: Path, sources: Sources | None = None) -> None:
    """Write the target's files into a folder that holds the plan, its provenance and its inputs.

    Plans that are given the same `sources` share what is the same for them.
    """
    if plan.experiment.target.sagemaker is not None:
        from mrlc.compiler.targets import sagemaker

        made = sources or sagemaker.Sources()
        sagemaker.emit(plan, plan.experiment.target.sagemaker, folder, made)


def is_emitted(plan: Plan, folder: Path) -> bool:
    """Whether the target's files are there; those that follow the spec's lines may be old."""
    if plan.experiment.target.sagemaker is None:
        return True
    from mrlc.compiler.targets import sagemaker

    return sagemaker.is_emitted(plan, plan.experiment.target.sagemaker, folder)


def lines(plan: Plan, provenance: bytes) -> dict[str, bytes]:
    """The target's files that follow the spec's lines, as they belong beside this provenance."""
    if plan.experiment.target.sagemaker is None:
        return {}
    from mrlc.compiler.targets.places import places
    from mrlc.compiler.targets.request import PLACES

    return {PLACES: places(provenance)}
