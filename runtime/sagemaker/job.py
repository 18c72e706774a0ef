"""The files of one job, as `mrlc compile` wrote them, verified by their manifest.

build/<name>/estimator.json   alarms.json   events.json   source.tar.gz   plan.json   manifest.json
             places.json   the lines of the spec, in no digest: a comment may move them
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mrlc.runtime.errors import PlanBroken
from mrlc.schemas import Plan

FORMAT = "mrlc.job/2"
MANIFEST = "manifest.json"
AGAIN = "compile the spec again"


@dataclass(frozen=True)
class Stored:
    """A file of a job, and where in S3 the job looks for it."""

    file: Path
    uri: str
    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Job:
    """What is sent, exactly as it was compiled."""

    folder: Path
    name: str
    region: str | None
    """None: boto3's own choice."""
    estimator: dict[str, Any]
    alarms: list[dict[str, Any]]
    events: dict[str, Any]
    source: Stored
    """What the container runs; other jobs may share it."""
    plan: Stored
    places: Stored

    @property
    def semantic(self) -> str:
        """The digest that makes two jobs the same."""
        return str(self.estimator["HyperParameters"]["mrlc.semantic"])


def has_job(folder: Path) -> bool:
    """Whether a plan's folder holds a job."""
    return (folder / MANIFEST).is_file()


def read_job(folder: Path, plan: Plan) -> Job:
    """The job of a plan that lies in `folder`.

    Raises:
        PlanBroken: a file is not the one that was compiled, or belongs to another plan.
    """
    manifest = _json(folder / MANIFEST)
    try:
        if manifest["format"] != FORMAT:
            raise PlanBroken(folder / MANIFEST, "of another version of mrlc", help=AGAIN)
        if manifest["made_from"]["plan"] != plan.digests.full:
            raise PlanBroken(folder / MANIFEST, "the manifest of another plan", help=AGAIN)
        for name, said in manifest["files"].items():
            _verify(folder / name, str(said["sha256"]))
        job = Job(
            folder=folder,
            name=manifest["job"],
            region=manifest["region"],
            estimator=_json(folder / "estimator.json"),
            alarms=_json(folder / "alarms.json"),
            events=_json(folder / "events.json"),
            source=_stored(folder / "source.tar.gz", manifest["source"]),
            plan=_stored(folder / "plan.json", manifest["plan"]),
            places=_measured(folder / "places.json", manifest["places"]["s3"]),
        )
        agrees = job.estimator["TrainingJobName"] == job.name
    except (KeyError, TypeError, AttributeError):
        raise PlanBroken(folder / MANIFEST, "not a manifest of a job", help=AGAIN) from None
    if not (agrees and job.semantic == plan.digests.semantic):
        raise PlanBroken(folder / MANIFEST, "the manifest of another plan", help=AGAIN)
    return job


def attempt(job: Job, number: int) -> Job:
    """The same job under a name of its own: the service never gives a name twice.

    Its checkpoints are those of the first attempt, so it goes on where that one ended.
    """
    name = f"{job.name}-{number}"

    def renamed(value: Any) -> Any:
        return json.loads(json.dumps(value).replace(job.name, name))

    return replace(
        job,
        name=name,
        estimator={**job.estimator, "TrainingJobName": name},
        alarms=renamed(job.alarms),
        events=renamed(job.events),
    )


def _stored(file: Path, said: dict[str, Any]) -> Stored:
    return Stored(file, said["s3"], said["sha256"], said["size"])


def _measured(file: Path, uri: str) -> Stored:
    """A file that no manifest describes."""
    try:
        content = file.read_bytes()
    except OSError:
        raise PlanBroken(file, "missing", help=AGAIN) from None
    return Stored(file, uri, hashlib.sha256(content).hexdigest(), len(content))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        message = "missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise PlanBroken(path, message, help=AGAIN) from None


def _verify(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        found = None
    if found != sha256:
        raise PlanBroken(path, "not the file that was compiled", help=AGAIN)
