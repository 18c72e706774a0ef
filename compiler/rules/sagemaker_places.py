"""Where the parts of a job lie: image, keys, topics, network and buckets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrlc.compiler.rules import Finding, Label, Subject, rule
from mrlc.compiler.rules.sagemaker_names import SECRET
from mrlc.compiler.targets.example import IMAGE as EXAMPLE
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.request import AT
from mrlc.schemas.sagemaker import IMAGE, SageMaker

_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KEY = rf"(?:key/)?(?:mrk-[0-9a-f]{{32}}|{_UUID})|alias/[\w/-]+"
FORMS = {
    "role": (
        re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/(?:[!-~]{1,510}/)?[\w+=,.@-]{1,64}"),
        "the ARN of a role",
    ),
    "region": (re.compile(_REGION), "a region, as in us-east-1"),
    "subnet": (re.compile(r"subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})"), "a subnet: subnet-0123abcd"),
    "group": (re.compile(r"sg-(?:[0-9a-f]{8}|[0-9a-f]{17})"), "a security group: sg-0123abcd"),
    "key": (
        re.compile(rf"(?:arn:aws[a-z-]*:kms:(?P<region>{_REGION}):\d{{12}}:)?(?:{_KEY})"),
        "a KMS key: its id, alias/… or ARN",
    ),
    "topic": (
        re.compile(rf"arn:aws[a-z-]*:sns:(?P<region>{_REGION}):\d{{12}}:[\w-]{{1,256}}"),
        "the ARN of an SNS topic",
    ),
}
_BUCKET = re.compile(r"(?!\d+(?:\.\d+){3}$)(?!xn--)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")


def _resources(job: SageMaker) -> Iterator[tuple[str, str, str]]:
    """Path, kind and value of each resource that is named."""
    yield f"{AT}.role", "role", job.role
    if job.region is not None:
        yield f"{AT}.region", "region", job.region
    if job.vpc is not None:
        for index, subnet in enumerate(job.vpc.subnets):
            yield f"{AT}.vpc.subnets.{index}", "subnet", subnet
        for index, group in enumerate(job.vpc.security_groups):
            yield f"{AT}.vpc.security_groups.{index}", "group", group
    for name, key in (("volume", job.kms.volume), ("output", job.kms.output)):
        if key is not None:
            yield f"{AT}.kms.{name}", "key", key
    for index, topic in enumerate(job.notify):
        yield f"{AT}.notify.{index}", "topic", topic


@rule(
    "MRLC715",
    "not-a-resource",
    bad=(job(role="Trainer"),),
    good=(job(),),
)
def resources_have_their_form(subject: Subject) -> Iterator[Finding]:
    """A text is not the name of what its field asks for.

    The service's model lets it pass, and the job would fail when it starts.

    Copy the id or ARN from the console.
    """
    job = subject.experiment.target.sagemaker
    for path, kind, value in _resources(job) if job else ():
        form, expected = FORMS[kind]
        if not form.fullmatch(value):
            yield Finding(path, f"`{_short(value)}` is not {expected}")


@rule(
    "MRLC710",
    "region-differs",
    bad=(job(region="eu-west-1"),),
    good=(job(region="us-east-1"),),
)
def regions_agree(subject: Subject) -> Iterator[Finding]:
    """A part of the job lies in another region.

    SageMaker reads images and keys and tells topics in the job's own region alone.

    Copy the image into the job's region, and name keys and topics that lie there.
    """
    job = subject.experiment.target.sagemaker
    if job is None or not FORMS["region"][0].fullmatch(job.home or ""):
        return
    label = Label(
        subject.value(f"{AT}.region" if job.region else f"{AT}.image"), "the job's region"
    )
    image = IMAGE.fullmatch(job.image)
    if image and image["region"] != job.home:
        message = f"the image lies in {image['region']}, the job in {job.home}"
        yield Finding(f"{AT}.image", message, "", (label,))
    for path, kind, value in _resources(job):
        found = FORMS[kind][0].fullmatch(value)
        region = found.groupdict().get("region") if found else None
        if region is not None and region != job.home:
            yield Finding(path, f"this lies in {region}, the job in {job.home}", "", (label,))


@rule(
    "MRLC711",
    "not-an-ecr-image",
    bad=(job(image="docker.io/library/python:3.11", region="us-east-1"),),
    good=(job(image=EXAMPLE),),
)
def image_lies_in_ecr(subject: Subject) -> Iterator[Finding]:
    """The image is not one in ECR.

    SageMaker takes images from ECR, and its model does not check it: the job fails after it was
    accepted.

    Push the image to a repository of the job's region, as in
    123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer@sha256:….
    """
    job = subject.experiment.target.sagemaker
    if job is not None and not IMAGE.fullmatch(job.image):
        yield Finding(f"{AT}.image", f"`{_short(job.image)}` is not the address of an image in ECR")


@rule(
    "MRLC716",
    "bad-bucket",
    bad=(job(output="s3://My_Team/mrlc"),),
    good=(job(),),
)
def buckets_can_exist(subject: Subject) -> Iterator[Finding]:
    """An address is not one in S3, or no bucket can have that name.

    The service takes almost any text for an address, and the job would fail when it starts.

    Write `s3://bucket/prefix`; a bucket's name is 3 to 63 lower-case letters, digits, `-` and `.`.
    """
    job = subject.experiment.target.sagemaker
    if job is None:
        return
    places = {"output": job.output, "checkpoints": job.checkpoints}
    places |= {f"inputs.{name}": uri for name, uri in job.inputs.items()}
    for name, uri in places.items():
        if uri is None:
            continue
        bucket = uri.removeprefix("s3://").partition("/")[0]
        if not uri.startswith("s3://"):
            yield Finding(
                f"{AT}.{name}", f"`{_short(uri)}` is not an address of the form s3://bucket/prefix"
            )
        elif not _BUCKET.fullmatch(bucket):
            yield Finding(f"{AT}.{name}", f"`{bucket}` cannot be the name of a bucket")


@rule(
    "MRLC717",
    "isolated-but-needs-network",
    bad=(job(network_isolation="true", environment=f'{{HF_TOKEN: "{SECRET}"}}'),),
    good=(job(network_isolation="true"),),
)
def isolation_is_possible(subject: Subject) -> Iterator[Finding]:
    """A job without a network needs one.

    It cannot fetch a model of the Hub or read a secret, so it would fail after it has started.

    Put the model into a folder of the project, or allow the network.
    """
    job = subject.experiment.target.sagemaker
    if job is None or not job.network_isolation:
        return
    model = subject.experiment.model
    label = Label(subject.value(f"{AT}.network_isolation"), "no network")
    if model.base != "tiny" and not model.is_folder:
        yield Finding("model.base", f"`{model.base}` is fetched from the Hub", "", (label,))
    for name, value in job.environment.items():
        if value.startswith("secretsmanager:"):
            yield Finding(f"{AT}.environment.{name}", "a secret is fetched", "", (label,))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
