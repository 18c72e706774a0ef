"""What SageMaker's own model of CreateTrainingJob refuses, said at the spec's value."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Finding, Subject, rule
from mrlc.compiler.targets.example import job
from mrlc.schemas.plan import Digests

# Members of which a rule of our own asks more than the service's pattern does.
_HELD_CLOSER = {"S3Uri", "S3OutputPath", "KmsKeyId", "VolumeKmsKeyId", "VpcConfig"}
_OURS = {"RoleArn"}  # whole: its form has its lengths in it


@rule(
    "MRLC703",
    "unknown-to-the-service",
    bad=(job(instance="ml.g6e.13xlarge"),),
    good=(job(),),
)
def service_knows_the_choice(subject: Subject) -> Iterator[Finding]:
    """The service has no such choice.

    The request would be refused when it is sent, after everything was uploaded. The choices are
    those of the botocore that is installed.

    Take one of the service's; for a type newer than your botocore, install a newer one.
    """
    return _refused(subject, "choice")


@rule(
    "MRLC704",
    "beyond-service-limit",
    bad=(job(retries="31"),),
    good=(job(retries="3"),),
)
def service_takes_the_size(subject: Subject) -> Iterator[Finding]:
    """A number, text or list is smaller or larger than the service takes.

    The request would be refused when it is sent.

    Stay within the limit that the message names.
    """
    return _refused(subject, "size")


@rule(
    "MRLC705",
    "not-in-service-form",
    bad=(job(tags="{team: rl!}"),),
    good=(job(tags="{team: rl}"),),
)
def service_takes_the_form(subject: Subject) -> Iterator[Finding]:
    """A text does not have the form that the service asks for.

    The request would be refused when it is sent.

    Leave out the signs that the service's pattern does not allow.
    """
    return _refused(subject, "form", "shape")


def _refused(subject: Subject, *kinds: str) -> Iterator[Finding]:
    """The refusals of some kinds, each once where several parts of the request are one value."""
    job = subject.experiment.target.sagemaker
    if job is None:
        return
    # What only a spec with a job needs is imported for it alone.
    from mrlc.compiler.targets.request import NO_DIGEST, create_training_job
    from mrlc.compiler.targets.service_model import refusals

    digests = Digests(semantic=NO_DIGEST, full=NO_DIGEST, sections={})
    request = create_training_job(
        subject.experiment, job, digests=digests, source=NO_DIGEST, plan=NO_DIGEST
    )
    seen = set()
    for refusal in refusals(request.body, "CreateTrainingJobRequest"):
        path = request.origin(refusal.place)
        ours = _HELD_CLOSER | _OURS if refusal.kind == "form" else _OURS
        if refusal.kind not in kinds or path in seen or ours.intersection(refusal.place):
            continue
        seen.add(path)
        member = next((one for one in reversed(refusal.place) if one[:1].isupper()), "")
        message = f"{member}: {refusal.message}" if refusal.kind == "size" else refusal.message
        at = subject.name(path) if refusal.is_key else None
        yield Finding(path, message, help=refusal.help, at=at)
