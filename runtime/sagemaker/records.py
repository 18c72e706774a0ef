"""runs/<job>/job.json: that a job was sent, and all that finding it again takes.

The service is the truth; the record is where `status`, `logs`, `stop` and `pull` begin.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.files import write_json
from mrlc.runtime.sagemaker.job import Job
from mrlc.runtime.sagemaker.jobs import Companions

FORMAT = "mrlc.sent/1"
FILE = "job.json"


@dataclass(frozen=True)
class Record:
    """A job that was sent, or that would be."""

    job: str
    region: str | None
    plan: str
    """Folder of the plan."""
    semantic: str
    output: str
    """`s3://…` that the results go below."""
    alarms: tuple[str, ...]
    rule: str | None
    targets: tuple[str, ...]
    arn: str | None = None
    usd_at_most: float | None = None
    """What it may cost by its longest run, as it was shown at the submit."""
    usd_basis: str | None = None
    """By which prices, of when: the first line of their table."""

    @property
    def companions(self) -> Companions:
        """What is to go after the job."""
        return Companions(self.alarms, self.rule, self.targets)


def of_job(job: Job, *, region: str | None = None, arn: str | None = None) -> Record:
    """The record of a job as it was compiled."""
    made = Companions.of(job)
    return Record(
        job=job.name,
        region=region or job.region,
        plan=str(job.folder),
        semantic=job.semantic,
        output=str(job.estimator["OutputDataConfig"]["S3OutputPath"]),
        alarms=made.alarms,
        rule=made.rule,
        targets=made.targets,
        arn=arn,
    )


def write_record(runs: Path, record: Record) -> Path:
    """Keep a record, whole or not at all; the folder of the job."""
    folder = runs / record.job
    folder.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"format": FORMAT, **asdict(record)}
    if not _holds(folder / FILE, content):
        write_json(folder / FILE, content)
    return folder


def read_record(file: Path) -> Record:
    """A record.

    Raises:
        PlanBroken: it is none.
    """
    try:
        content = json.loads(file.read_text("utf-8"))
        if content.pop("format") != FORMAT:
            raise ValueError("of another version of mrlc")
        lists = {name: tuple(content[name]) for name in ("alarms", "targets")}
        return Record(**{**content, **lists})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        help = "submit the plan again: it finds the job and writes the record anew"
        raise PlanBroken(file, f"no record of a job: {error}", help=help) from None


def records(runs: Path) -> list[Record]:
    """Every job that was sent from here, by name.

    Raises:
        PlanBroken: one cannot be read.
    """
    return [read_record(file) for file in sorted(runs.glob(f"*/{FILE}"))]


def _holds(file: Path, content: dict[str, Any]) -> bool:
    try:
        return bool(json.loads(file.read_text("utf-8")) == json.loads(json.dumps(content)))
    except (OSError, ValueError):
        return False
