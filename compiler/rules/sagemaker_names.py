"""Names that a job may not give, and values that it may not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrlc.compiler.rules import Finding, Subject, rule
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.request import AT, CHANNEL, PLAN_CHANNEL

CHANNELS = (CHANNEL, PLAN_CHANNEL, "code", "sm_drivers", "recipe")
"""Our own, and those of the SDK's drivers."""
PREFIXES = ("SM_", "SAGEMAKER_", "TRAINING_JOB_", "MRLC_")
_SECRET = re.compile(
    r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|(?:API|ACCESS|PRIVATE)_?KEY)(?:_|$)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"env:[A-Za-z_]\w*|secretsmanager:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+"
)
SECRET = "secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:hub"


@rule(
    "MRLC713",
    "reserved-job-name",
    bad=(job(inputs='{code: "s3://my-team/code"}'),),
    good=(job(inputs='{more: "s3://my-team/more"}'),),
)
def names_are_free(subject: Subject) -> Iterator[Finding]:
    """A channel, variable or tag has a name that is taken.

    mrlc, the service or its SDK sets it, so one of the two would be lost.

    Choose another name.
    """
    job = subject.experiment.target.sagemaker
    if job is None:
        return
    taken = [("inputs", name) for name in job.inputs if name in CHANNELS]
    taken += [("environment", name) for name in job.environment if name.startswith(PREFIXES)]
    taken += [("tags", name) for name in job.tags if name.lower().startswith(("aws:", "mrlc:"))]
    for section, name in taken:
        path = f"{AT}.{section}.{name}"
        yield Finding(path, f"`{name}` is a name that is taken", at=subject.name(path))


@rule(
    "MRLC714",
    "secret-in-environment",
    bad=(job(environment="{HF_TOKEN: my-own-token}"),),
    good=(job(environment=f'{{HF_TOKEN: "{SECRET}"}}'),),
)
def environment_holds_no_secret(subject: Subject) -> Iterator[Finding]:
    """A variable that is called like a secret has a value.

    Whoever may describe the job reads its variables, and the spec and the artefacts hold them too.

    Put the secret into Secrets Manager and write `secretsmanager:ARN`; the container reads it.
    """
    job = subject.experiment.target.sagemaker
    for name, value in job.environment.items() if job else ():
        path = f"{AT}.environment.{name}"
        if value.startswith(("env:", "secretsmanager:")):
            if not _REFERENCE.fullmatch(value):
                message = "this is neither `env:NAME` nor `secretsmanager:ARN`"
                yield Finding(path, message)
        elif _SECRET.search(name) and value:
            message = f"`{name}` is called like a secret and has a value"
            yield Finding(path, message, at=subject.name(path))
