"""modeltrainer.py: the same job through `sagemaker.train.ModelTrainer`, for who works with the SDK.

It is written out of the request, member by member, so that a person reads and changes it as they
would their own. ModelTrainer has no place for two parts of a request, and a class of eight lines
puts them there: the job's name, as the SDK makes one of the time, and the container's command, as
the SDK's own corrupts values and keeps SIGTERM to itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FILE = "modeltrainer.py"
FILES = {"source": "source.tar.gz", "plan": "plan.json", "places": "places.json"}
"""What goes to S3, by its part of the manifest."""
TRIED_WITH = "sagemaker-train 1.27.0"

SHORT = 72
"""Characters that stay on one line."""

Render = Callable[[Any], str]


def of_folder(folder: Path) -> str:
    """The file of the job in a plan's folder."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    request = json.loads((folder / "estimator.json").read_bytes())
    files = {name: str(manifest[kind]["s3"]) for kind, name in FILES.items()}
    return modeltrainer(request, files=files, region=manifest["region"])


def modeltrainer(
    request: Mapping[str, Any], *, files: Mapping[str, str], region: str | None
) -> str:
    """The file of a CreateTrainingJob request; `files` says where each goes, `s3://…` by name."""
    split = {name: uri.removeprefix("s3://").partition("/") for name, uri in files.items()}
    (bucket,) = {bucket for bucket, _, _ in split.values()}
    algorithm = request["AlgorithmSpecification"]
    made = {
        "trainer": _indented(_trainer(request), 1),
        "metrics": _literal(algorithm["MetricDefinitions"], _shape("MetricDefinition")),
        "retries": _retries(request),
    }
    used = set(re.findall(r"\b[A-Z]\w+(?=\()", " ".join(made.values())))
    return _TEXT.format(
        shapes="".join(f"    {name},\n" for name in sorted(used - _CONFIGS)),
        tried=TRIED_WITH,
        name=_literal(request["TrainingJobName"]),
        entry=_literal(algorithm["ContainerEntrypoint"]),
        arguments=_literal(algorithm["ContainerArguments"]),
        region=_literal(region),
        bucket=_literal(bucket),
        keys=_literal({name: key for name, (_, _, key) in split.items()}),
        encryption=_literal(_encryption(request)),
        **made,
    )


_TEXT = '''\
"""A training job through the SageMaker SDK, as mrlc compiled it: `python modeltrainer.py`.

Needs the SDK; tried with {tried}. It sends estimator.json, member for member. The
alarms and the rule that go with a job are not the SDK's: they are in alarms.json and events.json.
"""

import os
from pathlib import Path

# The constructor would ask IAM what the role may do, and fail where nobody may ask.
os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")

import boto3
from botocore.exceptions import ClientError
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.shapes import (
{shapes})
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, Networking

JOB = {name}
REGION = {region}
BUCKET = {bucket}
FILES = {keys}
ENCRYPTION = {encryption}
ENTRYPOINT = {entry}
ARGUMENTS = {arguments}


class Exact(ModelTrainer):
    """A ModelTrainer that keeps the job's name and its command; it has no field for either."""

    def _create_training_job_args(self, *args, **kwargs):
        request = super()._create_training_job_args(*args, **kwargs)
        request["training_job_name"] = JOB
        request["algorithm_specification"].container_entrypoint = ENTRYPOINT
        request["algorithm_specification"].container_arguments = ARGUMENTS
        return request


def trainer(session):
    """The job; nothing is sent for it."""
    made = {trainer}
    made.with_metric_definitions(METRICS){retries}
    return made


METRICS = {metrics}


def upload(s3):
    """Put the files where the job looks for them; the archive once, as its place is its digest."""
    for name, key in FILES.items():
        if name.endswith(".json") or not is_there(s3, key):
            with Path(__file__).with_name(name).open("rb") as body:
                s3.put_object(Bucket=BUCKET, Key=key, Body=body, **ENCRYPTION)


def is_there(s3, key):
    """Whether an object is in the bucket."""
    try:
        s3.head_object(Bucket=BUCKET, Key=key)
        return True
    except ClientError:
        return False


def main():
    """Send the job and follow it to its end."""
    boto = boto3.Session(region_name=REGION)
    os.environ["AWS_DEFAULT_REGION"] = boto.region_name  # the SDK's log reader has no session
    upload(boto.client("s3"))
    trainer(Session(boto_session=boto, default_bucket=BUCKET)).train()


if __name__ == "__main__":
    main()
'''


def _encryption(request: Mapping[str, Any]) -> dict[str, str]:
    """The source is encrypted as `mrlc submit` does it, by the key of the results."""
    key = request["OutputDataConfig"].get("KmsKeyId")
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}


_CONFIGS = {"Compute", "Exact", "Networking"}
"""Classes that are not shapes of the service."""
_ELSEWHERE = ("TrainingJobName", "RetryStrategy")
"""Members that the constructor does not take and the file places otherwise."""
_NETWORK = (
    "VpcConfig",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
)


def _trainer(request: Mapping[str, Any]) -> str:
    """The call of the constructor."""
    rest = {key: value for key, value in request.items() if key not in _ELSEWHERE}
    algorithm = rest.pop("AlgorithmSpecification")
    network = {key: rest.pop(key) for key in _NETWORK if key in rest}
    network = {**network.pop("VpcConfig", {}), **network}
    compute = rest.pop("ResourceConfig")
    if "EnableManagedSpotTraining" in rest:
        spot = {"EnableManagedSpotTraining": rest.pop("EnableManagedSpotTraining")}
        compute = {**compute, **spot}
    arguments = {
        "sagemaker_session": "session",
        "base_job_name": "JOB",
        "training_image": _literal(algorithm["TrainingImage"]),
        "training_input_mode": _literal(algorithm["TrainingInputMode"]),
        "compute": _call("Compute", compute),
        "networking": _call("Networking", network),
    }
    for member, value in rest.items():
        name, render = _PLACES.get(member, (_snake(member), _literal))
        arguments[name] = render(value)
    return _lines("Exact(", [f"{name}={value}" for name, value in arguments.items()], ")")


def _retries(request: Mapping[str, Any]) -> str:
    if "RetryStrategy" not in request:
        return ""
    strategy = _call("RetryStrategy", request["RetryStrategy"])
    return f"\n    made.with_retry_strategy({_indented(strategy, 1)})"


def _call(name: str, members: Mapping[str, Any]) -> str:
    """A call of a class of the SDK, whose fields are the service's members in snake case."""
    shown = [
        f"{_snake(member)}={_MEMBERS.get(member, _literal)(value)}"
        for member, value in members.items()
    ]
    return _lines(f"{name}(", shown, ")")


def _shape(name: str) -> Render:
    return lambda members: _call(name, members)


def _list_of(name: str) -> Render:
    return lambda items: _literal(items, _shape(name))


_MEMBERS: dict[str, Render] = {
    "DataSource": _shape("DataSource"),
    "S3DataSource": _shape("S3DataSource"),
    "InstanceGroups": _list_of("InstanceGroup"),
}
_PLACES: dict[str, tuple[str, Render]] = {
    "RoleArn": ("role", lambda value: _literal(value)),
    "HyperParameters": ("hyperparameters", lambda value: _literal(value)),
    "InputDataConfig": ("input_data_config", _list_of("Channel")),
    "OutputDataConfig": ("output_data_config", _shape("OutputDataConfig")),
    "StoppingCondition": ("stopping_condition", _shape("StoppingCondition")),
    "CheckpointConfig": ("checkpoint_config", _shape("CheckpointConfig")),
    "Tags": ("tags", _list_of("Tag")),
}
"""Members of a request → the constructor's argument, and how it is written."""


def _literal(value: Any, item: Render | None = None) -> str:
    """A value as Python; the items of a list each by `item`."""
    each = item or _literal
    if isinstance(value, list):
        return _lines("[", [each(one) for one in value], "]")
    if isinstance(value, dict):
        return _lines("{", [f"{_literal(key)}: {each(one)}" for key, one in value.items()], "}")
    is_text = isinstance(value, str) and '"' not in value
    return json.dumps(value, ensure_ascii=False) if is_text else repr(value)


def _lines(head: str, items: list[str], tail: str) -> str:
    """On one line, where that is short, or one item a line."""
    short = head + ", ".join(items) + tail
    if "\n" not in short and len(short) <= SHORT:
        return short
    return head + "".join(f"\n    {_indented(one, 1)}," for one in items) + f"\n{tail}"


def _indented(text: str, depth: int) -> str:
    return text.replace("\n", "\n" + "    " * depth)


def _snake(member: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", member).lower()
