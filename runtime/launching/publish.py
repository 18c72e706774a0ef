"""What a job leaves: the model with its evaluation, and the reports.

The service uploads model/ whenever a job ends, so a half-copied model must not look like one:
it is copied beside, on the same disk, and renamed; `evaluation.json` comes last.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from mrlc.runtime.launching.root import Root
from mrlc.runtime.record import RunFolder

REPORTS = (
    "run.json",
    "evaluation.json",
    "accounts.json",
    "metrics.jsonl",
    "trajectories.jsonl",
    "tallies.jsonl",
    "alerts.jsonl",
    "stopped.json",
)


def publish_model(root: Root, run: RunFolder) -> None:
    """The trained model and its evaluation in model/."""
    staged = root.model / ".partial"
    shutil.rmtree(staged, ignore_errors=True)
    shutil.copytree(run.model, staged)
    shutil.copyfile(run.evaluation, staged / run.evaluation.name)
    # model/ itself may be a mount, which cannot be replaced; so its files are, one by one.
    for file in sorted(staged.iterdir(), key=lambda file: file.name == run.evaluation.name):
        file.replace(root.model / file.name)
    staged.rmdir()


def publish_reports(root: Root, run: RunFolder) -> None:
    """The logs, and what there is of evaluation, alerts and end, in output/data/."""
    root.reports.mkdir(parents=True, exist_ok=True)
    for name in REPORTS:
        source = run.path / name
        if source.is_file():
            partial = root.reports / f".{name}.partial"
            shutil.copyfile(source, partial)
            partial.replace(root.reports / name)


def forget_partial(folder: Path) -> None:
    """Remove what a killed publication left."""
    shutil.rmtree(folder / ".partial", ignore_errors=True)
