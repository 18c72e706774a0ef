"""SageMaker: a plan to the exact requests and the source that make it a training job.

    build/<name>/
      estimator.json    the CreateTrainingJob request
      source.tar.gz     what the container runs
      alarms.json       PutMetricAlarm requests
      events.json       PutRule and PutTargets requests
      manifest.json     the digest and size of each of these and of what they are made from

All are a function of the plan, of where it was written, and of mrlc's own code. Nothing is looked up and nothing is sent.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from mrlc.compiler.files import file_digest
from mrlc.compiler.targets.alarms import alarms, events
from mrlc.compiler.targets.archive import runtime_digest, write_source
from mrlc.compiler.targets.places import places
from mrlc.compiler.targets.request import (
    SOURCE,
    create_training_job,
    job_name,
    source_prefix,
)
from mrlc.schemas import Plan
from mrlc.schemas.sagemaker import SageMaker

FORMAT = "mrlc.job/1"
MANIFEST = "manifest.json"
ESTIMATOR = "estimator.json"


def emit(plan: Plan, job: SageMaker, folder: Path) -> None:
    """Write the files of a job into the folder of its plan and its provenance."""
    inputs = {key: folder / "inputs" / key for key in plan.inputs}
    at = places((folder / "provenance.json").read_bytes())
    with (folder / SOURCE).open("wb") as out:
        sha256, size = write_source(out, (folder / "plan.json").read_bytes(), at, inputs)
    for name, content in _files(plan, job, at, sha256, size).items():
        (folder / name).write_bytes(content)


def is_emitted(plan: Plan, job: SageMaker, folder: Path, provenance: bytes) -> bool:
    """Whether a folder holds the files of a job, each as `emit` would write it."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())["source"]
        sha256, size = str(found["sha256"]), int(found["size"])
        files = _files(plan, job, places(provenance), sha256, size)
        return file_digest(folder / SOURCE) == sha256 and all(
            (folder / name).read_bytes() == content for name, content in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _files(plan: Plan, job: SageMaker, at: bytes, sha256: str, size: int) -> dict[str, bytes]:
    """Every file but the source, whose digest and size are given."""
    name = job_name(plan.experiment.name, plan.digests.semantic)
    request = create_training_job(plan.experiment, job, digests=plan.digests, source=sha256)
    files = {
        ESTIMATOR: _text(request.body),
        "alarms.json": _text(alarms(plan.experiment, job, name)),
        "events.json": _text(events(job, name)),
    }
    described = {key: _description(content) for key, content in files.items()}
    manifest = {
        "format": FORMAT,
        "job": name,
        "region": job.home,
        "made_from": {
            "plan": plan.digests.full,
            "places": hashlib.sha256(at).hexdigest(),
            "runtime": runtime_digest(),
        },
        "source": {"sha256": sha256, "size": size, "s3": source_prefix(job, sha256) + SOURCE},
        "estimator": described[ESTIMATOR]["sha256"],
        "files": {**described, SOURCE: {"sha256": sha256, "size": size}},
        "inputs": {key: one.model_dump(mode="json") for key, one in plan.inputs.items()},
    }
    return {**files, MANIFEST: _text(manifest)}


def _description(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _text(value: Any) -> bytes:
    """JSON that a person reviews: sorted, indented."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
