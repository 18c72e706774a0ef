"""Targets: plan → the files that a place to run asks for, beside the plan.

A target is pure emission. Where a plan runs here, `plan.json` is all there is.
"""

from __future__ import annotations

from pathlib import Path

from mrlc.schemas import Plan


def emit(plan: Plan, folder: Path) -> None:
    """Write the target's files into a folder that holds the plan, its provenance and its inputs."""
    if plan.experiment.target.sagemaker is not None:
        from mrlc.compiler.targets import sagemaker

        sagemaker.emit(plan, plan.experiment.target.sagemaker, folder)


def is_emitted(plan: Plan, folder: Path, provenance: bytes) -> bool:
    """Whether the target's files are there as they would be written beside this provenance."""
    if plan.experiment.target.sagemaker is None:
        return True
    from mrlc.compiler.targets import sagemaker

    return sagemaker.is_emitted(plan, plan.experiment.target.sagemaker, folder, provenance)
