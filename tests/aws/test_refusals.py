"""What a person reads when AWS says no: one line that says what to do, exit 4, and no secret."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mrlc.error_handler import guard
from mrlc.jobs import services
from tests.aws.conftest import Desk
from tests.aws.proxy import Proxy, Reply, refuses, refuses_xml

CREATE, LOOK = "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"
PUT, HEAD = "s3:PutObject", "s3:HeadObject"
SECRET = "the-secret-of-the-test"
ME = "arn:aws:sts::123456789012:assumed-role/Dev/me"

CASES: dict[str, tuple[str, Reply, str]] = {
    "a permission that is missing": (
        CREATE,
        refuses(
            "AccessDeniedException",
            f"User: {ME} is not authorized to perform: sagemaker:CreateTrainingJob on resource: x",
        ),
        "not allowed: sagemaker:CreateTrainingJob in us-east-1: User: .* `mrlc policy` prints",
    ),
    "a role that may not be passed": (
        CREATE,
        refuses(
            "AccessDeniedException",
            f"User: {ME} is not authorized to perform: iam:PassRole on resource: Trainer",
        ),
        "perform: iam:PassRole on resource: Trainer; `mrlc policy`",
    ),
    "S3 forbids": (
        PUT,
        refuses_xml("AccessDenied", "Access Denied"),
        "not allowed: s3:PutObject in us-east-1; `mrlc policy`",
    ),
    "S3 forbids to look": (HEAD, Reply(403, b""), "not allowed: s3:GetObject in us-east-1;"),
    "EventBridge forbids": (
        "events:PutRule",
        refuses("AccessDeniedException", "no"),
        "not allowed: events:PutRule",
    ),
    "a bucket that does not exist": (
        PUT,
        refuses_xml("NoSuchBucket", "The specified bucket does not exist", status=404),
        "there is no such bucket .* create it in us-east-1, or mend target.sagemaker.output",
    ),
    "a bucket in another region": (
        PUT,
        refuses_xml("PermanentRedirect", "must be addressed elsewhere", status=301),
        "the bucket is not in us-east-1, where the job is to run",
    ),
    "a key that nobody knows": (
        LOOK,
        refuses("UnrecognizedClientException", "The security token is invalid", status=403),
        "AWS does not know these credentials",
    ),
    "a secret that is wrong": (
        LOOK,
        refuses(
            "InvalidSignatureException",
            f"The request signature we calculated … {SECRET} AKIATESTTESTTESTTEST",
            status=403,
        ),
        "AWS does not accept the signature",
    ),
    "a session that has expired": (
        LOOK,
        refuses("ExpiredTokenException", "The security token included is expired"),
        "the AWS session has expired: `aws sso login`",
    ),
    "an instance type of later": (
        CREATE,
        refuses(
            "ValidationException",
            "1 validation error detected: Value 'ml.x' at 'resourceConfig.instanceType' failed to "
            "satisfy constraint: Member must satisfy enum value set: [ml.m5.large]",
        ),
        r"Value 'ml.x' .*; target.sagemaker.instance is at .*specs/desk.yaml:\d+:\d+",
    ),
    "a channel by its number": (
        CREATE,
        refuses("ValidationException", "Value at 'inputDataConfig.1.member.channelName' is bad"),
        r"; target.sagemaker.output is at .*desk.yaml:\d+:\d+",
    ),
    "a role without trust": (
        CREATE,
        refuses(
            "ValidationException",
            "Could not assume role arn:aws:iam::123456789012:role/Trainer. Please ensure that the "
            "role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.",
        ),
        r"SageMaker cannot take on the role.*`mrlc policy`.*target.sagemaker.role is at .*:\d+:\d+",
    ),
    "a quota": (
        CREATE,
        refuses(
            "ResourceLimitExceeded",
            "The account-level service limit 'ml.g6e.12xlarge for training job usage' is 0 "
            "Instances, with current utilization of 0 Instances and a request delta of 1.",
        ),
        "`ml.g6e.12xlarge for training job usage` is 0 in us-east-1; ask for more under",
    ),
    "throttling that does not end": (
        CREATE,
        refuses("ThrottlingException", "Rate exceeded"),
        "sagemaker is throttling CreateTrainingJob, through all attempts",
    ),
    "S3 that is busy": (
        PUT,
        refuses_xml("SlowDown", "Please reduce your request rate", status=503),
        "s3 is throttling PutObject",
    ),
    "a service that is ill": (
        CREATE,
        Reply(500, b"<html>"),
        r"sagemaker failed at CreateTrainingJob \(500 .*nothing is lost: run it again",
    ),
    "a refusal of a kind unknown": (
        CREATE,
        refuses("ConflictException", "Something is being changed"),
        r"sagemaker refused CreateTrainingJob: Something is being changed \(ConflictException\)",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refusal(desk: Desk, proxy: Proxy, capsys: Any, case: str) -> None:
    operation, reply, expected = CASES[case]
    proxy.refuse(operation, reply)
    assert desk.submit() == 4
    errors = capsys.readouterr().err
    line = errors.splitlines()[-1]
    assert re.search(expected, line), line
    assert line.startswith("mrlc: ")
    assert not [word for word in (SECRET, "AKIA", "Traceback") if word in errors]


def test_throttled_requests_are_sent_again(desk: Desk, proxy: Proxy) -> None:
    seen = []

    def once(request: Any) -> Reply | None:
        if request.operation == "CreateTrainingJob":
            seen.append(request)
            return refuses("ThrottlingException", "Rate exceeded") if len(seen) == 1 else None
        return None

    proxy.before = once
    assert desk.submit() == 0
    assert len(seen) == 2


WITHOUT = {
    "no credentials": ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "AWS_PROFILE"),
    "half of the credentials": ({"AWS_SECRET_ACCESS_KEY": None}, "no AWS credentials"),
    "a profile that is none": ({"AWS_PROFILE": "nobody"}, r"profile \(nobody\)"),
    "nobody at the address": (
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        "cannot reach http://127.0.0.1:9/ in us-east-1",
    ),
    "an address that is none": ({"AWS_ENDPOINT_URL": "nowhere"}, "nowhere"),
}


@pytest.mark.parametrize("case", WITHOUT)
def test_no_way_to_ask(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: Any, case: str) -> None:
    changes, expected = WITHOUT[case]
    for name, value in changes.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    assert desk.submit() == 4
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.search(expected, line), line


def test_no_region(proxy: Proxy, capsys: Any) -> None:
    def ask() -> int:
        services(None).ask("sagemaker", "ListTrainingJobs")
        return 0

    assert guard(ask) == 4
    assert "give target.sagemaker.region in the spec, or set AWS_REGION" in capsys.readouterr().err
