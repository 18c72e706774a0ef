"""Many jobs looked at with few requests.

The list has a hundred jobs an answer, with status and times. Figures, costs and reasons only
DescribeTrainingJob has, for one job a request, and who asks hundreds of times is throttled. So the
list comes first, and a job is described where the list is not enough for who looks; a few at a
time, so that those that are throttled can wait and be sent again.

What is said of a job that has ended does not change: it is kept beside the job's record, in
ended.json, and holds as long as the list has the same job.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from os.path import commonprefix
from pathlib import Path
from typing import Any

from mrlc.runtime.files import write_json
from mrlc.runtime.sagemaker.client import Aws
from mrlc.runtime.sagemaker.jobs import Seen, look

FEW = 3
"""Jobs up to which a list saves nothing."""
AT_ONCE = 4
"""Descriptions under way. botocore stops to send again where more than a hundred wait for it."""
PAGE = 100
"""Jobs of one answer, the most that the service gives."""
FORMAT, FILE = "mrlc.ended/1", "ended.json"
_TIMES = ("CreationTime", "TrainingStartTime", "TrainingEndTime", "LastModifiedTime")
_KEPT = (
    "TrainingJobName",
    "TrainingJobArn",
    "TrainingJobStatus",
    "SecondaryStatus",
    "FailureReason",
    "TrainingTimeInSeconds",
    "BillableTimeInSeconds",
)


def look_at(
    aws: Aws, names: Sequence[str], is_enough: Callable[[Seen], bool]
) -> dict[str, Seen | None]:
    """The jobs of these names; None: there is none.

    `is_enough` says of a job as the list has it, with its status and times, whether that will do.

    Raises:
        RemoteFailed: the service does not say.
    """
    if len(names) <= FEW:
        return dict(_described(aws, names))
    known = {name: seen for name, seen in _listed(aws, names).items() if is_enough(seen)}
    return {**_described(aws, [name for name in names if name not in known]), **known}


def _listed(aws: Aws, names: Sequence[str]) -> dict[str, Seen]:
    """Those that the list has, the newest first.

    A page costs as much as a description, so no more pages are turned than jobs are missing.
    """
    begin = commonprefix(list(names))  # noqa: RUF071  # of names, not of paths
    asked: dict[str, Any] = {"NameContains": begin} if begin else {}
    wanted, found, pages = set(names), dict[str, Seen](), 0
    while pages < len(wanted) - len(found):
        answer = aws.ask("sagemaker", "ListTrainingJobs", MaxResults=PAGE, **asked)
        summaries = (Seen(one) for one in answer["TrainingJobSummaries"])
        found |= {seen.name: seen for seen in summaries if seen.name in wanted}
        pages += 1
        if not (token := answer.get("NextToken")):
            break
        asked["NextToken"] = token
    return found


def _described(aws: Aws, names: Sequence[str]) -> dict[str, Seen | None]:
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        return dict(zip(names, pool.map(lambda name: look(aws, name), names), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)  # after a refusal the others need not be asked


@dataclass(frozen=True)
class Ended:
    """What is kept of a job that has ended."""

    seen: Seen
    stopped_by: str | None
    """The sentence about the alert that ended it."""
    is_tidy: bool
    """Whether what was made for the job is taken down."""

    def is_of(self, seen: Seen) -> bool:
        """Whether the service has this very job."""
        return all(
            self.seen.answer.get(key) == seen.answer.get(key)
            for key in ("TrainingJobArn", "TrainingJobStatus", "CreationTime")
        )


def keep(folder: Path, ended: Ended) -> None:
    """Keep it in the folder of the job's record, where there is one, once nothing more comes."""
    answer = ended.seen.answer
    if not (folder.is_dir() and "CreationTime" in answer and ended.seen.is_settled):
        return
    write_json(
        folder / FILE,
        {
            "format": FORMAT,
            "stopped_by": ended.stopped_by,
            "is_tidy": ended.is_tidy,
            "answer": {key: answer[key] for key in _KEPT if key in answer},
            "times": {key: answer[key].isoformat() for key in _TIMES if key in answer},
            "metrics": ended.seen.metrics,
        },
    )


def kept(folder: Path) -> Ended | None:
    """What is kept; None: nothing, or nothing that can be read."""
    try:
        content = json.loads((folder / FILE).read_text("utf-8"))
        if content["format"] != FORMAT:
            return None
        times = {key: datetime.fromisoformat(text) for key, text in content["times"].items()}
        metrics = [{"MetricName": key, "Value": value} for key, value in content["metrics"].items()]
        seen = Seen({**content["answer"], **times, "FinalMetricDataList": metrics})
        return Ended(seen, content["stopped_by"], content["is_tidy"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
