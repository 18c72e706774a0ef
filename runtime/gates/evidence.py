"""The evidence of an experiment on disk, and whether it still speaks of the plan at hand."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.files import reason, write_json
from mrlc.runtime.gates.gate import Finding, Gate
from mrlc.schemas import Plan
from mrlc.schemas.evidence import Evidence, Shown

FOLDER = Path("gates")
"""Where evidence lies, in the repository: it is committed like the spec that it is about."""


def evidence_file(plan: Plan, folder: Path) -> Path:
    """The file of a plan's experiment."""
    return folder / f"{plan.experiment.name}.json"


def read_evidence(plan: Plan, folder: Path) -> Evidence:
    """What has been shown so far; nothing where there is no file.

    Raises:
        PlanBroken: the file is no evidence.
    """
    file = evidence_file(plan, folder)
    try:
        return Evidence.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Evidence(experiment=plan.experiment.name)
    except (ValidationError, OSError) as error:
        help = "delete it and run mrlc gate"
        raise PlanBroken(file, f"not the evidence of gates: {reason(error)}", help=help) from None


def write_evidence(evidence: Evidence, plan: Plan, folder: Path) -> Path:
    """Write the file, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    file = evidence_file(plan, folder)
    write_json(file, evidence.model_dump(mode="json"))
    return file


def shown(gate: Gate, finding: Finding, plan: Plan) -> Shown:
    """A finding bound to the parts of the plan that it was found on."""
    return Shown(
        verdict=finding.verdict,
        said=finding.said,
        help=finding.help,
        bound={part: plan.digests.sections[part] for part in gate.bound},
        numbers=dict(finding.numbers),
        decides_at=finding.decides_at,
        offenders=tuple(finding.offenders),
    )


def moved(gate: Gate, evidence: Shown, plan: Plan) -> list[str]:
    """The parts of the plan that are not what they were when this was shown."""
    return [part for part in gate.bound if evidence.bound.get(part) != plan.digests.sections[part]]
