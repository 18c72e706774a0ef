"""What AWS refused, in words that say what to do; one line, and never a secret.

The service's own message is quoted where it is about the request. It is not where it is about a
signature: such messages may quote headers. Whatever has the form of an access key is struck out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mrlc.runtime.errors import RemoteFailed

Place = tuple[str, ...]
"""Members, keys and indices from the request down."""

ACTIONS = {
    "HeadObject": "s3:GetObject",
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
}
"""Operations that are not called what the permission for them is called."""
_PREFIXES = {"cloudwatch": "cloudwatch", "logs": "logs", "events": "events", "s3": "s3"}
_KEY = re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b")
_AT = re.compile(r"\bat '([A-Za-z][\w.\[\]-]*)'")
_QUOTA = re.compile(r"limit '([^']+)' is ([\d.]+)", re.IGNORECASE)
_LONGEST = 400


class Refused(RemoteFailed):
    """The service looked at a request and said no: the same request will not do."""

    def __init__(self, message: str, *, code: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.place = place
        """What in the request it is about, where the service says so."""


class Asked(NamedTuple):
    """What was asked of whom."""

    service: str
    operation: str
    region: str

    @property
    def permission(self) -> str:
        """The action of IAM that allows it."""
        prefix = _PREFIXES.get(self.service, self.service)
        return ACTIONS.get(self.operation, f"{prefix}:{self.operation}")


def refused(code: str, message: str, status: int, asked: Asked) -> RemoteFailed:
    """What to raise for an error that the service answered."""
    said = _tidy(message)
    if code in _SAYS:
        return Refused(_SAYS[code](said, asked), code=code, place=_place(message))
    if code in THROTTLED or status == 429:
        return RemoteFailed(
            f"{asked.service} is throttling {asked.operation}, through all attempts; wait and run "
            "it again, or send fewer at once"
        )
    if status >= 500:
        return RemoteFailed(
            f"{asked.service} failed at {asked.operation} ({status} {code}), through all attempts; "
            "nothing is lost: run it again"
        )
    return Refused(
        f"{asked.service} refused {asked.operation}: {said or code} ({code})",
        code=code,
        place=_place(message),
    )


def unreachable(error: Exception, asked: Asked | None) -> RemoteFailed | None:
    """What to raise where no service answered at all; None: no error of botocore's that we know."""
    from botocore import exceptions as known

    told: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        (known.NoRegionError, NO_REGION),
        ((known.NoCredentialsError, known.PartialCredentialsError), NO_CREDENTIALS),
        (
            (known.TokenRetrievalError, known.SSOTokenLoadError, known.UnauthorizedSSOTokenError),
            EXPIRED,
        ),
        (known.CredentialRetrievalError, f"{NO_CREDENTIALS}; the credential process failed"),
        (known.ProfileNotFound, f"{error}; AWS_PROFILE names a profile of ~/.aws/config"),
    ]
    for kind, text in told:
        if isinstance(error, kind):
            return RemoteFailed(text)
    if isinstance(error, (known.HTTPClientError, known.ConnectionError)):
        where = getattr(error, "kwargs", {}).get("endpoint_url") or (asked.service if asked else "")
        region = f" in {asked.region}" if asked else ""
        return RemoteFailed(
            f"cannot reach {where}{region}: {_reason(error)}; look at the network and the region, "
            "then run it again: nothing is done twice"
        )
    if isinstance(error, known.ParamValidationError):
        return RemoteFailed(
            f"boto3 does not take the request: {_tidy(str(error))}; "
            "update boto3, or compile with the boto3 that sends it"
        )
    if isinstance(error, known.BotoCoreError):
        return RemoteFailed(f"boto3 could not ask: {_tidy(str(error))}")
    return None


def _reason(error: Exception) -> str:
    """A reason in few words: the chain of urllib3's would fill the line."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
    return name.removesuffix(" error")


NO_CREDENTIALS = (
    "no AWS credentials: set AWS_PROFILE, or run `aws configure` or `aws sso login`; "
    "in CI, assume a role (the policy it needs: mrlc policy)"
)
EXPIRED = "the AWS session has expired: `aws sso login`, or get new credentials, and run it again"
NO_REGION = "no AWS region: give target.sagemaker.region in the spec, or set AWS_REGION"
THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
    "LimitExceededException",
    "PriorRequestNotComplete",
}


def _not_allowed(said: str, asked: Asked) -> str:
    quoted = f": {said}" if said and "authorized" in said else ""
    return (
        f"not allowed: {asked.permission} in {asked.region}{quoted}; "
        "`mrlc policy` prints the policy that the caller needs"
    )


def _no_bucket(said: str, asked: Asked) -> str:
    return (
        f"there is no such bucket ({asked.operation}); create it in {asked.region}, "
        "or mend target.sagemaker.output"
    )


def _other_region(said: str, asked: Asked) -> str:
    return (
        f"the bucket is not in {asked.region}, where the job is to run; "
        "give target.sagemaker.output a bucket of that region, or the job the bucket's region"
    )


def _invalid(said: str, asked: Asked) -> str:
    if "assume" in said.lower():
        return (
            f"SageMaker cannot take on the role: {said}; its trust policy must let "
            "sagemaker.amazonaws.com assume it (`mrlc policy` prints it)"
        )
    return f"{asked.service} finds a fault in {asked.operation}: {said}"


def _over_quota(said: str, asked: Asked) -> str:
    found = _QUOTA.search(said)
    if found is None:
        return f"an account limit is reached: {said}"
    return (
        f"the quota is used up: `{found[1]}` is {found[2]} in {asked.region}; ask for more under "
        "Service Quotas, Amazon SageMaker; or send fewer at once with --concurrency"
    )


def _always(text: str) -> Callable[[str, Asked], str]:
    return lambda said, asked: text.format(region=asked.region)


_NOT_YOURS = _always(
    "AWS does not know these credentials: they are wrong, or of another partition or account "
    "than {region}'s; see `aws sts get-caller-identity`"
)
_WRONG_SECRET = _always(
    "AWS does not accept the signature: the secret key is not the one of its access key, "
    "or this machine's clock is wrong"
)
_SAYS: Mapping[str, Callable[[str, Asked], str]] = {
    **dict.fromkeys(
        ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden"),
        _not_allowed,
    ),
    **dict.fromkeys(
        ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"), _NOT_YOURS
    ),
    **dict.fromkeys(
        (
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "RequestTimeTooSkewed",
        ),
        _WRONG_SECRET,
    ),
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), _always(EXPIRED)),
    **dict.fromkeys(("NoSuchBucket",), _no_bucket),
    **dict.fromkeys(
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "301", "IllegalLocationConstraint"),
        _other_region,
    ),
    **dict.fromkeys(("ValidationException", "ValidationError"), _invalid),
    **dict.fromkeys(("ResourceLimitExceeded", "ServiceQuotaExceededException"), _over_quota),
    "OptInRequired": _always("this account has not opted in to {region}: enable it, or change it"),
}


def _place(message: str) -> Place | None:
    """`at 'resourceConfig.instanceType'`, as members of the request are written."""
    found = _AT.search(message)
    if found is None:
        return ("RoleArn",) if "assume role" in message else None
    steps = [step for step in re.findall(r"[^.\[\]]+", found[1]) if step != "member"]
    return tuple(map(_member, steps))


def _member(step: str) -> str:
    """Services count from 1 (`inputDataConfig.1.member.channelName`) and begin in lower case."""
    return str(int(step) - 1) if step.isdecimal() else step[0].upper() + step[1:]


def _tidy(message: str) -> str:
    """One line, of bearable length, without what may be a key."""
    line = _KEY.sub("<key>", " ".join(message.split())).rstrip(". ")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def error_of(answer: Mapping[str, Any]) -> tuple[str, str, int]:
    """Code, message and HTTP status of what botocore keeps of an error."""
    error = answer.get("Error", {})
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return str(error.get("Code", "")), str(error.get("Message", "")), int(status)
