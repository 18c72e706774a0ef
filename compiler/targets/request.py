"""The CreateTrainingJob request of an experiment, and where in the spec each part comes from.

Both are said in one place: a value that the spec gives is written as `Given(value, path)`.

The container unpacks its source and hands over to the runtime by `exec`, so that SIGTERM reaches
Python. Its root is /opt/ml, or MRLC_ML_ROOT where it is not a container.

It is given two channels. The source is the same for all jobs that read the same files: one archive
for a whole sweep. The plan is a job's own; beside it lie the lines of the spec, which no digest
covers, so that a comment makes neither another archive nor another request.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from mrlc.compiler.canonical import canonical
from mrlc.compiler.targets.metrics import metric_definitions
from mrlc.compiler.targets.service_model import Place
from mrlc.schemas import Experiment
from mrlc.schemas.plan import Digests
from mrlc.schemas.sagemaker import SageMaker

AT = "target.sagemaker"
CHANNEL, PLAN_CHANNEL = "mrlc", "mrlc-plan"
SOURCE, PLAN, PLACES = "source.tar.gz", "plan.json", "places.json"
NO_DIGEST = "0" * 64
"""Stands for a digest where a request is only looked at."""
ENTRY = (
    'R="${MRLC_ML_ROOT:-/opt/ml}" && D="$R/input/data" && mkdir -p "$R/code/plan" && '
    f'cd "$R/code" && tar -xzf "$D/{CHANNEL}/{SOURCE}" && cp "$D/{PLAN_CHANNEL}/"*.json plan && '
    "exec python3 -m mrlc.runtime.launch plan"
)


class Given(NamedTuple):
    """A value of the request that the spec gives."""

    value: Any
    path: str
    """Its dotted path in the spec."""


class Request(NamedTuple):
    """A request and the origin of its parts."""

    body: dict[str, Any]
    origins: dict[Place, str]

    def origin(self, place: Place) -> str:
        """The path in the spec of what stands at a place, or of what it is a part of."""
        for end in range(len(place), 0, -1):
            if place[:end] in self.origins:
                return self.origins[place[:end]]
        return AT


def job_name(name: str, semantic: str) -> str:
    """The job of an experiment: the same experiment is the same job."""
    return f"{name.replace('_', '-')}-{semantic[:10]}"


def source_prefix(job: SageMaker, sha256: str) -> str:
    """Where in S3 the source of a digest lies: uploaded once, whatever jobs use it."""
    return f"{job.output.rstrip('/')}/source/{sha256}/"


def plan_prefix(job: SageMaker, sha256: str) -> str:
    """Where in S3 the plan of a digest lies, and the lines that its spec has now."""
    return f"{job.output.rstrip('/')}/plan/{sha256}/"


def create_training_job(
    experiment: Experiment, job: SageMaker, *, digests: Digests, source: str, plan: str
) -> Request:
    """The request; `source` is the digest of source.tar.gz, `plan` that of plan.json."""
    name = job_name(experiment.name, digests.semantic)
    drafted = {
        "TrainingJobName": Given(name, "name"),
        "RoleArn": Given(job.role, f"{AT}.role"),
        "AlgorithmSpecification": {
            "TrainingImage": Given(job.image, f"{AT}.image"),
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/sh"],
            "ContainerArguments": ["-c", ENTRY],
            "MetricDefinitions": metric_definitions(experiment),
        },
        "HyperParameters": _hyperparameters(experiment, digests),
        "InputDataConfig": Given(_channels(job, source, plan), f"{AT}.inputs"),
        "OutputDataConfig": {
            "S3OutputPath": Given(job.output, f"{AT}.output"),
            "KmsKeyId": Given(job.kms.output, f"{AT}.kms.output"),
        },
        "ResourceConfig": _resources(job),
        "StoppingCondition": {
            "MaxRuntimeInSeconds": Given(job.max_runtime_s, f"{AT}.max_runtime_s"),
            "MaxWaitTimeInSeconds": Given(job.max_wait_s, f"{AT}.max_wait_s"),
        },
        "RetryStrategy": _if(
            job.retries, {"MaximumRetryAttempts": Given(job.retries, f"{AT}.retries")}
        ),
        "CheckpointConfig": _if(
            job.checkpoints, {"S3Uri": Given(_own(job.checkpoints, name), f"{AT}.checkpoints")}
        ),
        "VpcConfig": _network(job),
        "Environment": Given(_each(job.environment, f"{AT}.environment"), f"{AT}.environment"),
        "Tags": Given(_tags(experiment, job, digests), f"{AT}.tags"),
        "EnableManagedSpotTraining": job.spot,
        "EnableNetworkIsolation": job.network_isolation,
        "EnableInterContainerTrafficEncryption": job.encrypt_traffic,
    }
    origins: dict[Place, str] = {}
    body = _parted(drafted, (), origins)
    body["HyperParameters"]["mrlc.definition"] = _definition(body)
    return Request(body, origins)


def _definition(body: dict[str, Any]) -> str:
    """SHA-256 of what the target gives: where and on what a job runs, and with what.

    A job's name comes from what it computes, so two definitions may share it; this tells them
    apart. What mrlc adds by itself (its channels, its command, its metrics) is left out: another
    version of it is no other definition.
    """
    own = {key: value for key, value in body.items() if key not in ("HyperParameters", "Tags")}
    own["AlgorithmSpecification"] = body["AlgorithmSpecification"]["TrainingImage"]
    own["InputDataConfig"] = body["InputDataConfig"][2:]
    own["Tags"] = [tag for tag in body["Tags"] if not tag["Key"].startswith("mrlc:")]
    return hashlib.sha256(canonical(own)).hexdigest()


def _own(prefix: str | None, name: str) -> str | None:
    """A job's own place: the service copies all that lies below it into each of its containers."""
    return prefix and f"{prefix.rstrip('/')}/{name}"


def _hyperparameters(experiment: Experiment, digests: Digests) -> dict[str, Any]:
    """What the console and a search show of the job; nothing reads them, the plan is a file."""
    algorithm = experiment.algorithm
    return {
        "mrlc.name": Given(experiment.name, "name"),
        "mrlc.semantic": digests.semantic,
        "mrlc.full": digests.full,
        "model.base": Given(experiment.model.base, "model.base"),
        "algorithm.steps": Given(str(algorithm.steps), "algorithm.steps"),
        "algorithm.group_size": Given(str(algorithm.group_size), "algorithm.group_size"),
        "algorithm.learning_rate": Given(repr(algorithm.learning_rate), "algorithm.learning_rate"),
    }


def _channels(job: SageMaker, source: str, plan: str) -> list[Any]:
    own = (
        _channel(CHANNEL, source_prefix(job, source), f"{AT}.output"),
        _channel(PLAN_CHANNEL, plan_prefix(job, plan), f"{AT}.output"),
    )
    return [*own, *(_channel(name, uri, f"{AT}.inputs.{name}") for name, uri in job.inputs.items())]


def _channel(name: str, uri: str, path: str) -> Given:
    where = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return Given({"ChannelName": name, "DataSource": {"S3DataSource": where}}, path)


def _resources(job: SageMaker) -> dict[str, Any]:
    shared = {
        "VolumeSizeInGB": Given(job.volume_gb, f"{AT}.volume_gb"),
        "VolumeKmsKeyId": Given(job.kms.volume, f"{AT}.kms.volume"),
        "KeepAlivePeriodInSeconds": Given(job.warm_pool_s, f"{AT}.warm_pool_s"),
    }
    if not job.instance_groups:
        return {
            "InstanceType": Given(job.instance, f"{AT}.instance"),
            "InstanceCount": Given(job.count, f"{AT}.count"),
            **shared,
        }
    groups = []
    for index, group in enumerate(job.instance_groups):
        at = f"{AT}.instance_groups.{index}"
        groups.append(
            {
                "InstanceGroupName": Given(group.name, f"{at}.name"),
                "InstanceType": Given(group.instance, f"{at}.instance"),
                "InstanceCount": Given(group.count, f"{at}.count"),
            }
        )
    return {"InstanceGroups": Given(groups, f"{AT}.instance_groups"), **shared}


def _network(job: SageMaker) -> dict[str, Any] | None:
    if job.vpc is None:
        return None
    return {
        "SecurityGroupIds": _items(job.vpc.security_groups, f"{AT}.vpc.security_groups"),
        "Subnets": _items(job.vpc.subnets, f"{AT}.vpc.subnets"),
    }


def _tags(experiment: Experiment, job: SageMaker, digests: Digests) -> list[Any]:
    own = {"mrlc:name": experiment.name, "mrlc:semantic": digests.semantic}
    tags = [Given({"Key": key, "Value": value}, AT) for key, value in own.items()]
    return [
        *tags,
        *(Given({"Key": k, "Value": v}, f"{AT}.tags.{k}") for k, v in job.tags.items()),
    ]


def _each(values: dict[str, str], path: str) -> dict[str, Given]:
    return {key: Given(value, f"{path}.{key}") for key, value in values.items()}


def _items(values: tuple[str, ...], path: str) -> Given:
    return Given([Given(value, f"{path}.{i}") for i, value in enumerate(values)], path)


def _if(value: object, part: dict[str, Any]) -> dict[str, Any] | None:
    return None if value is None else part


def _parted(draft: Any, at: Place, origins: dict[Place, str]) -> Any:
    """The plain request; what is None, or an empty mapping, is no part of it."""
    if isinstance(draft, Given):
        origins[at] = draft.path
        return _parted(draft.value, at, origins)
    if isinstance(draft, dict):
        return {
            key: part
            for key, value in draft.items()
            if (part := _parted(value, (*at, key), origins)) is not None and part != {}
        }
    if isinstance(draft, list):
        return [_parted(item, (*at, str(index)), origins) for index, item in enumerate(draft)]
    return draft
