"""SageMaker: a plan to the exact requests and the source that make it a training job.

    build/<name>/
      estimator.json    the CreateTrainingJob request
      source.tar.gz     what the container runs, but for the plan; variants of a sweep share it
      places.json       the lines of the spec; the one file that follows them
      alarms.json       PutMetricAlarm requests
      events.json       PutRule and PutTargets requests
      manifest.json     the digest and size of each of these and of what they are made from

All but the lines are a function of the plan and of mrlc's own code. Nothing is looked up and nothing
is sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mrlc.compiler.canonical import canonical
from mrlc.compiler.files import file_digest, share
from mrlc.compiler.targets.alarms import alarms, events
from mrlc.compiler.targets.archive import runtime_digest, write_source
from mrlc.compiler.targets.places import places
from mrlc.compiler.targets.request import (
    PLACES,
    PLAN,
    SOURCE,
    create_training_job,
    job_name,
    plan_prefix,
    source_prefix,
)
from mrlc.schemas import Plan
from mrlc.schemas.plan import Input
from mrlc.schemas.sagemaker import SageMaker

FORMAT = "mrlc.job/2"
MANIFEST = "manifest.json"
ESTIMATOR = "estimator.json"


class Sources:
    """The archives of one compile: plans that carry the same inputs share one file."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Path, str, int]] = {}

    def write(self, inputs: Mapping[str, Input], folder: Path) -> tuple[str, int]:
        """Put the archive for the inputs in a plan's folder; its SHA-256 and size."""
        key = canonical({name: one.sha256 for name, one in inputs.items()}).decode()
        if key in self._made:
            first, sha256, size = self._made[key]
            share(first, folder / SOURCE)
            return sha256, size
        with (folder / SOURCE).open("wb") as out:
            sha256, size = write_source(out, {name: folder / "inputs" / name for name in inputs})
        self._made[key] = folder / SOURCE, sha256, size
        return sha256, size


def emit(plan: Plan, job: SageMaker, folder: Path, sources: Sources) -> None:
    """Write the files of a job into the folder of its plan and its provenance."""
    sha256, size = sources.write(plan.inputs, folder)
    content = (folder / PLAN).read_bytes()
    for name, text in _files(plan, job, content, sha256, size).items():
        (folder / name).write_bytes(text)
    (folder / PLACES).write_bytes(places((folder / "provenance.json").read_bytes()))


def is_emitted(plan: Plan, job: SageMaker, folder: Path) -> bool:
    """Whether a folder holds the files of a job, each as `emit` would write it; lines may be old."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())["source"]
        sha256, size = str(found["sha256"]), int(found["size"])
        files = _files(plan, job, (folder / PLAN).read_bytes(), sha256, size)
        return (
            file_digest(folder / SOURCE) == sha256
            and (folder / PLACES).is_file()
            and all((folder / name).read_bytes() == content for name, content in files.items())
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _files(plan: Plan, job: SageMaker, content: bytes, sha256: str, size: int) -> dict[str, bytes]:
    """Every file but the source, whose digest and size are given, and the lines.

    `content` is that of plan.json.
    """
    name = job_name(plan.experiment.name, plan.digests.semantic)
    own = _description(content)
    request = create_training_job(
        plan.experiment, job, digests=plan.digests, source=sha256, plan=own["sha256"]
    )
    files = {
        ESTIMATOR: _text(request.body),
        "alarms.json": _text(alarms(plan.experiment, job, name)),
        "events.json": _text(events(job, name)),
    }
    described = {key: _description(content) for key, content in files.items()}
    prefix = plan_prefix(job, own["sha256"])
    manifest = {
        "format": FORMAT,
        "job": name,
        "region": job.home,
        "made_from": {"plan": plan.digests.full, "runtime": runtime_digest()},
        "source": {"sha256": sha256, "size": size, "s3": source_prefix(job, sha256) + SOURCE},
        "plan": {**own, "s3": prefix + PLAN},
        "places": {"s3": prefix + PLACES},
        "estimator": described[ESTIMATOR]["sha256"],
        "files": {**described, PLAN: own, SOURCE: {"sha256": sha256, "size": size}},
        "inputs": {key: one.model_dump(mode="json") for key, one in plan.inputs.items()},
    }
    return {**files, MANIFEST: _text(manifest)}


def _description(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _text(value: Any) -> bytes:
    """JSON that a person reviews: sorted, indented."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
