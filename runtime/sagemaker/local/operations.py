"""The operations, as the service takes and answers them: JSON in, JSON out.

A request is first held against the service's own model, by a walker that is handed in (the
compiler's, which this package must not import), then against what the model does not say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from mrlc.runtime.sagemaker.local.job import Job
from mrlc.runtime.sagemaker.local.laws import broken_laws
from mrlc.runtime.sagemaker.local.refused import Refused, invalid, not_found
from mrlc.runtime.sagemaker.local.service import Service

Body = dict[str, Any]
PAGE = 10
"""Jobs or tags of a page, where the request says nothing."""


class Refusal(Protocol):
    """What the walker says of a value."""

    @property
    def place(self) -> tuple[str, ...]:
        """Where it stands in the request."""

    @property
    def message(self) -> str:
        """What is wrong with it."""


Walker = Callable[[Any, str], Iterable[Refusal]]
"""What of a value does not fit a shape of the service's model."""


@dataclass(frozen=True)
class Operation:
    """An operation and the shape of what it takes."""

    run: Callable[[Service, Body, str], Body]
    shape: str


def answer(service: Service, walker: Walker, name: str, body: Any, region: str) -> Body:
    """Do an operation.

    Raises:
        Refused: as the service would.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        raise Refused("UnknownOperationException", f"This local service does no {name}.")
    faults = [_sentence(one) for one in walker(body, operation.shape)]
    if faults:
        raise invalid(_counted(faults))
    return operation.run(service, body, region)


def _counted(faults: list[str]) -> str:
    count = f"{len(faults)} validation error{'' if len(faults) == 1 else 's'} detected"
    return f"{count}: {'; '.join(faults)}"


def _sentence(refusal: Refusal) -> str:
    return f"at '{'.'.join(refusal.place) or 'request'}': {refusal.message}"


def _create(service: Service, body: Body, region: str) -> Body:
    laws = list(broken_laws(body, service.cloud, region))
    if laws:
        raise invalid(" ".join(laws))
    return {"TrainingJobArn": service.create(body, region).arn}


def _describe(service: Service, body: Body, region: str) -> Body:
    return service.job(body["TrainingJobName"], region).description()


def _stop(service: Service, body: Body, region: str) -> Body:
    service.stop(body["TrainingJobName"], region)
    return {}


def _delete(service: Service, body: Body, region: str) -> Body:
    service.delete(body["TrainingJobName"], region)
    return {}


_ORDERS: dict[str, Callable[[Body], Any]] = {
    "Name": lambda summary: summary["TrainingJobName"],
    "CreationTime": lambda summary: summary["CreationTime"],
    "Status": lambda summary: summary["TrainingJobStatus"],
}


def _list(service: Service, body: Body, region: str) -> Body:
    found = [one for job in service.jobs(region) if _is_wanted(one := job.summary(), body)]
    is_falling = body.get("SortOrder", "Descending") == "Descending"
    found.sort(key=_ORDERS[body.get("SortBy", "CreationTime")], reverse=is_falling)
    return _page("TrainingJobSummaries", found, body)


def _is_wanted(summary: Body, body: Body) -> bool:
    name, status = body.get("NameContains", ""), body.get("StatusEquals")
    return (
        name.lower() in summary["TrainingJobName"].lower()
        and status in (None, summary["TrainingJobStatus"])
        and all(
            body.get(f"{time}After", summary[time])
            <= summary[time]
            <= body.get(f"{time}Before", summary[time])
            for time in ("CreationTime", "LastModifiedTime")
        )
        and "WarmPoolStatusEquals" not in body
        and "TrainingPlanArnEquals" not in body
    )


def _page(member: str, found: list[Any], body: Body) -> Body:
    token, size = body.get("NextToken", "0"), body.get("MaxResults", PAGE)
    if not re.fullmatch(r"\d{1,9}", token):
        raise invalid("The NextToken is not one of this service.")
    begin = int(token)
    more = {"NextToken": str(begin + size)} if begin + size < len(found) else {}
    return {member: found[begin : begin + size], **more}


def _tagged(service: Service, body: Body, region: str) -> Job:
    for job in service.jobs(region):
        if job.arn == body["ResourceArn"]:
            return job
    raise not_found()


def _list_tags(service: Service, body: Body, region: str) -> Body:
    tags = _tagged(service, body, region).request.get("Tags", [])
    return _page("Tags", tags, {"MaxResults": 50, **body})


def _add_tags(service: Service, body: Body, region: str) -> Body:
    job = _tagged(service, body, region)
    with job.lock:
        tags = {tag["Key"]: tag for tag in [*job.request.get("Tags", []), *body["Tags"]]}
        job.request["Tags"] = list(tags.values())
    return {"Tags": job.request["Tags"]}


OPERATIONS = {
    "CreateTrainingJob": Operation(_create, "CreateTrainingJobRequest"),
    "DescribeTrainingJob": Operation(_describe, "DescribeTrainingJobRequest"),
    "StopTrainingJob": Operation(_stop, "StopTrainingJobRequest"),
    "DeleteTrainingJob": Operation(_delete, "DeleteTrainingJobRequest"),
    "ListTrainingJobs": Operation(_list, "ListTrainingJobsRequest"),
    "ListTags": Operation(_list_tags, "ListTagsInput"),
    "AddTags": Operation(_add_tags, "AddTagsInput"),
}
