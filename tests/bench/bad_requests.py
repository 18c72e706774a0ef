"""Which share of bad training jobs is caught before anything is sent, and by whom.

    mrlc            `mrlc compile`, with a diagnostic at the spec's own value
    botocore        its ParamValidator, which boto3 asks before it sends a request
    ModelTrainer    the SageMaker SDK's, built and sent as `--emit modeltrainer` writes it, up to
                    the first request; where `SAGEMAKER_PYTHON=…/bin/python` names a Python with the SDK

A case is one mistake, as the spec writes it and as the request would hold it. A new judge is an
entry of `JUDGES`.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mrlc.compiler import CompileFailed, Diagnostic, compile_spec
from mrlc.compiler.example import write
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.modeltrainer import modeltrainer
from mrlc.compiler.targets.request import AT, create_training_job

GONE = object()
"""In place of a value: the request lacks it."""


class Case(NamedTuple):
    """One mistake."""

    family: str
    what: str
    spec: Mapping[str, str | None]
    """Fields of the job as YAML; None takes one out."""
    request: Mapping[str, Any]
    """Dotted place in the request → value."""
    code: str
    """What mrlc says."""


_RESOURCE, _STOP = "ResourceConfig", "StoppingCondition"
_IMAGE = "AlgorithmSpecification.TrainingImage"
_OUT = "OutputDataConfig"
_HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def _role(what: str, value: str, code: str = "MRLC715") -> Case:
    return Case("role", what, {"role": f'"{value}"'}, {"RoleArn": value}, code)


def _instance(what: str, value: str, code: str = "MRLC703") -> Case:
    place = f"{_RESOURCE}.InstanceType"
    return Case("instance", what, {"instance": f'"{value}"'}, {place: value}, code)


def _number(family: str, field: str, place: str, value: int, code: str, **more: str) -> Case:
    spec = {field: str(value), **more}
    return Case(family, f"{field}: {value:,}", spec, {place: value}, code)


def _image(what: str, value: str, code: str = "MRLC711") -> Case:
    spec = {"image": f'"{value}"', "region": "us-east-1"}
    return Case("image", what, spec, {_IMAGE: value}, code)


def _place(what: str, value: str, code: str = "MRLC716") -> Case:
    return Case("output", what, {"output": f'"{value}"'}, {f"{_OUT}.S3OutputPath": value}, code)


def _channel(what: str, name: str, uri: str, code: str) -> Case:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    channel = {"ChannelName": name, "DataSource": source}
    inputs = f'{{"{name}": "{uri}"}}'
    return Case("channel", what, {"inputs": inputs}, {"InputDataConfig": [channel]}, code)


def _variable(what: str, name: str, value: str, code: str) -> Case:
    spec = {"environment": f'{{"{name}": "{value}"}}'}
    return Case("environment", what, spec, {"Environment": {name: value}}, code)


def _tag(what: str, key: str, value: str, code: str) -> Case:
    tags = [{"Key": key, "Value": value}]
    return Case("tags", what, {"tags": f'{{"{key}": "{value}"}}'}, {"Tags": tags}, code)


def _network(what: str, subnets: list[str], groups: list[str], code: str) -> Case:
    vpc = {"Subnets": subnets, "SecurityGroupIds": groups}
    listed = f"{{subnets: {subnets!r}, security_groups: {groups!r}}}"
    return Case("network", what, {"vpc": listed}, {"VpcConfig": vpc}, code)


def _key(what: str, value: str, code: str) -> Case:
    spec = {"kms": f'{{output: "{value}"}}'}
    return Case("keys", what, spec, {f"{_OUT}.KmsKeyId": value}, code)


def _groups(what: str, groups: list[dict[str, Any]], code: str, **more: str | None) -> Case:
    listed = ", ".join(
        "{" + ", ".join(f"{name}: {value!r}" for name, value in group.items()) + "}"
        for group in groups
    )
    named = {"name": "InstanceGroupName", "instance": "InstanceType", "count": "InstanceCount"}
    sent = [{named[key]: value for key, value in {"count": 1, **one}.items()} for one in groups]
    spec = {"instance": None, "instance_groups": f"[{listed}]", **more}
    request = {
        f"{_RESOURCE}.InstanceGroups": sent,
        f"{_RESOURCE}.InstanceType": GONE,
        f"{_RESOURCE}.InstanceCount": GONE,
    }
    return Case("groups", what, spec, request, code)


_SUBNET, _GROUP = "subnet-0123abcd", "sg-0123abcd"
_EBS = "ml.m5.xlarge"
_KEPT = "s3://my-team/checkpoints"
_SPOT = {"spot": "true", "checkpoints": _KEPT}
_GOOD_GROUP = {"name": "a", "instance": "ml.g6e.xlarge"}

CASES = (
    _role("not an ARN", "Trainer"),
    _role("an account of four digits", "arn:aws:iam::1234:role/Trainer"),
    _role("a user", "arn:aws:iam::123456789012:user/Trainer"),
    _role("no name", "arn:aws:iam::123456789012:role/"),
    _role("a space", "arn:aws:iam::123456789012:role/My Trainer"),
    _role("another service", "arn:aws:s3:::123456789012:role/Trainer"),
    _role("too short", "arn:aws:iam"),
    _role("too long", "arn:aws:iam::123456789012:role/" + "a" * 2048),
    Case("role", "missing", {"role": None}, {"RoleArn": GONE}, "MRLC201"),
    Case("role", "a number", {"role": "123456789012"}, {"RoleArn": 123456789012}, "MRLC203"),
    _instance("a slip", "ml.g6e.13xlarge"),
    _instance("EC2's name", "g6e.12xlarge"),
    _instance("a family alone", "ml.p5"),
    _instance("capitals", "ML.G5.XLARGE"),
    _instance("empty", ""),
    Case("instance", "missing", {"instance": None}, {f"{_RESOURCE}.InstanceType": GONE}, "MRLC706"),
    _number("counts", "count", f"{_RESOURCE}.InstanceCount", 0, "MRLC207"),
    _number("counts", "count", f"{_RESOURCE}.InstanceCount", -3, "MRLC207"),
    Case("counts", "text", {"count": "two"}, {f"{_RESOURCE}.InstanceCount": "two"}, "MRLC202"),
    _number("counts", "retries", "RetryStrategy.MaximumRetryAttempts", 0, "MRLC207"),
    _number("counts", "retries", "RetryStrategy.MaximumRetryAttempts", 31, "MRLC704"),
    _number("counts", "volume_gb", f"{_RESOURCE}.VolumeSizeInGB", 0, "MRLC207", instance=_EBS),
    _number("counts", "volume_gb", f"{_RESOURCE}.VolumeSizeInGB", 500, "MRLC702"),
    _number("waits", "max_runtime_s", f"{_STOP}.MaxRuntimeInSeconds", 0, "MRLC207"),
    _number("waits", "max_runtime_s", f"{_STOP}.MaxRuntimeInSeconds", -5, "MRLC207"),
    _number("waits", "max_runtime_s", f"{_STOP}.MaxRuntimeInSeconds", 2_419_201, "MRLC712"),
    _number("waits", "max_wait_s", f"{_STOP}.MaxWaitTimeInSeconds", 0, "MRLC207", **_SPOT),
    _number("waits", "max_wait_s", f"{_STOP}.MaxWaitTimeInSeconds", 86_399, "MRLC707", **_SPOT),
    _number("waits", "max_wait_s", f"{_STOP}.MaxWaitTimeInSeconds", 172_800, "MRLC707"),
    Case("waits", "spot alone", _SPOT, {"EnableManagedSpotTraining": True}, "MRLC707"),
    Case(
        "waits",
        "spot without checkpoints",
        {"spot": "true", "max_wait_s": "172800"},
        {"EnableManagedSpotTraining": True, f"{_STOP}.MaxWaitTimeInSeconds": 172_800},
        "MRLC708",
    ),
    _number("waits", "warm_pool_s", f"{_RESOURCE}.KeepAlivePeriodInSeconds", 21_601, "MRLC704"),
    _number("waits", "warm_pool_s", f"{_RESOURCE}.KeepAlivePeriodInSeconds", 7_200, "MRLC709"),
    Case(
        "waits",
        "a warm pool on spot",
        {**_SPOT, "max_wait_s": "172800", "warm_pool_s": "600"},
        {
            "EnableManagedSpotTraining": True,
            f"{_STOP}.MaxWaitTimeInSeconds": 172_800,
            "CheckpointConfig": {"S3Uri": _KEPT},
            f"{_RESOURCE}.KeepAlivePeriodInSeconds": 600,
        },
        "MRLC709",
    ),
    _image("Docker Hub", "python:3.11"),
    _image("public ECR", "public.ecr.aws/deep-learning-containers/pytorch-training:2.10.0"),
    _image("an account of three digits", "123.dkr.ecr.us-east-1.amazonaws.com/trainer:1"),
    _image("capitals", f"{_HOST}/Trainer:1"),
    _image("half a digest", f"{_HOST}/trainer@sha256:abc"),
    _image("a space", f"{_HOST}/trainer:1 "),
    _image("another region", f"{_HOST.replace('us-east-1', 'eu-west-1')}/trainer:1", "MRLC710"),
    _image("too long", f"{_HOST}/{'a' * 255}:1", "MRLC704"),
    _place("a web address", "https://my-team.s3.amazonaws.com/mrlc"),
    _place("a local path", "/data/out"),
    _place("capitals", "s3://My-Team/mrlc"),
    _place("two letters", "s3://ab/mrlc"),
    _place("an underscore", "s3://my_team/mrlc"),
    _place("an IP address", "s3://192.168.0.1/mrlc"),
    _place("two dots", "s3://my..team/mrlc"),
    _place("no bucket", "s3:///mrlc"),
    _place("too long", f"s3://my-team/{'a' * 1024}", "MRLC704"),
    _channel("a space in the name", "my data", "s3://my-team/x", "MRLC705"),
    _channel("a long name", "a" * 65, "s3://my-team/x", "MRLC704"),
    _channel("the SDK's name", "code", "s3://my-team/x", "MRLC713"),
    _channel("not in S3", "more", "file:///data", "MRLC716"),
    _variable("a dash in the name", "MY-NAME", "1", "MRLC705"),
    _variable("a digit first", "1ST", "1", "MRLC705"),
    _variable("a long value", "NAME", "a" * 513, "MRLC704"),
    _variable("the service's name", "SM_HOSTS", "[]", "MRLC713"),
    _variable("a password", "DB_PASSWORD", "correct horse", "MRLC714"),
    _variable("half a reference", "TOKEN", "secretsmanager:hub", "MRLC714"),
    Case(
        "environment", "a number", {"environment": "{N: 1}"}, {"Environment": {"N": 1}}, "MRLC203"
    ),
    _tag("AWS's prefix", "aws:team", "rl", "MRLC713"),
    _tag("a long key", "a" * 129, "rl", "MRLC704"),
    _tag("a long value", "team", "a" * 257, "MRLC704"),
    _tag("a sign", "team", "rl!", "MRLC705"),
    _network("not a subnet", ["vpc-0123abcd"], [_GROUP], "MRLC715"),
    _network("not a group", [_SUBNET], ["default"], "MRLC715"),
    _network("no subnet", [], [_GROUP], "MRLC207"),
    _network("six groups", [_SUBNET], [f"{_GROUP[:-1]}{i}" for i in range(6)], "MRLC704"),
    _network("17 subnets", [f"subnet-0123ab{i:02}" for i in range(17)], [_GROUP], "MRLC704"),
    _key("a name", "my key", "MRLC715"),
    _key("half an id", "1234abcd-12ab", "MRLC715"),
    _key(
        "another region",
        "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "MRLC710",
    ),
    _groups("an unknown type", [{**_GOOD_GROUP, "instance": "ml.x.large"}], "MRLC703"),
    _groups("no instances", [{**_GOOD_GROUP, "count": 0}], "MRLC207"),
    _groups("six groups", [{**_GOOD_GROUP, "name": f"g{i}"} for i in range(6)], "MRLC704"),
    _groups("one name twice", [_GOOD_GROUP, _GOOD_GROUP], "MRLC334"),
    _groups("a warm pool", [_GOOD_GROUP], "MRLC709", warm_pool_s="600"),
    Case(
        "flags",
        "traffic of one instance",
        {"encrypt_traffic": "true"},
        {"EnableInterContainerTrafficEncryption": True},
        "MRLC702",
    ),
    Case(
        "flags",
        "text for a truth value",
        {"network_isolation": "maybe"},
        {"EnableNetworkIsolation": "maybe"},
        "MRLC202",
    ),
    Case("names", "an unknown field", {"spots": "true"}, {"EnableSpot": True}, "MRLC204"),
)


GOOD = Case("good", "no mistake", {}, {}, "")


def diagnostics(case: Case) -> tuple[Diagnostic, ...]:
    """What mrlc says of a case."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            compile_spec(write(Path(folder).resolve(), [job(**case.spec)]))
        except CompileFailed as error:
            return error.diagnostics
    return ()


def by_mrlc(case: Case) -> bool:
    """Whether mrlc refuses it, and says so at the job."""
    return any(fault.path.startswith(AT) for fault in diagnostics(case))


def by_botocore(case: Case) -> bool:
    """Whether botocore's validator refuses the request."""
    from botocore.validate import ParamValidator

    return bool(ParamValidator().validate(request(case), _input_shape()).has_errors())


@cache
def _modeltrainer_verdicts(python: str) -> list[bool]:
    """Of all cases, in one process: the SDK takes seconds to load."""
    files = {"source.tar.gz": "s3://my-team/source.tar.gz"}
    texts = [
        modeltrainer(request(case), files=files, region="us-east-1") for case in (*CASES, GOOD)
    ]
    script = Path(__file__).with_name("by_modeltrainer.py")
    done = subprocess.run(
        [python, script], input=json.dumps(texts), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: list[bool] = json.loads(done.stdout)
    return found


def by_modeltrainer(case: Case) -> bool | None:
    """Whether the SDK refuses it before a request; None where no Python with the SDK is named."""
    python = os.environ.get("SAGEMAKER_PYTHON")
    return _modeltrainer_verdicts(python)[(*CASES, GOOD).index(case)] if python else None


Judge = Callable[[Case], bool | None]
JUDGES: dict[str, Judge] = {
    "mrlc": by_mrlc,
    "botocore": by_botocore,
    "ModelTrainer": by_modeltrainer,
}


def request(case: Case) -> dict[str, Any]:
    """The good request with the mistake in it."""
    changed = copy.deepcopy(good_request())
    for place, value in case.request.items():
        *above, last = place.split(".")
        part = changed
        for name in above:
            part = part.setdefault(name, {})
        if value is GONE:
            del part[last]
        else:
            part[last] = value
    return changed


@cache
def good_request() -> dict[str, Any]:
    """The request of the example project."""
    with tempfile.TemporaryDirectory() as folder:
        plan = compile_spec(write(Path(folder).resolve(), [job()])).plan
    sagemaker = plan.experiment.target.sagemaker
    assert sagemaker is not None
    made = create_training_job(
        plan.experiment, sagemaker, digests=plan.digests, source="0" * 64, plan="0" * 64
    )
    return made.body


@cache
def _input_shape() -> Any:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    model = Loader().load_service_model("sagemaker", "service-2")
    return ServiceModel(model).operation_model("CreateTrainingJob").input_shape


def caught(judge: Judge, cases: Sequence[Case]) -> int | None:
    """How many of some cases a judge catches; None: it is not here."""
    verdicts = [judge(case) for case in cases]
    return None if None in verdicts else sum(map(bool, verdicts))


def main() -> None:
    """Print a table."""
    print(f"bad training jobs  {''.join(f'{name:>14}' for name in JUDGES)}")
    for family in dict.fromkeys(case.family for case in CASES):
        _print_row(family, [case for case in CASES if case.family == family])
    _print_row("all", CASES)


def _print_row(name: str, cases: Sequence[Case]) -> None:
    shares = [caught(judge, cases) for judge in JUDGES.values()]
    cells = ("not measured" if hits is None else f"{hits} of {len(cases)}" for hits in shares)
    print(f"  {name:<17}{''.join(f'{cell:>14}' for cell in cells)}")


if __name__ == "__main__":
    main()
