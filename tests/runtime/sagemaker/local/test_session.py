"""What the servers tell a process: every service is found, and none outside."""

from __future__ import annotations

import boto3
import pytest

from .conftest import Desk

SERVICES = ("sagemaker", "s3", "sns", "sqs", "cloudwatch", "events", "logs", "sts", "iam")


@pytest.mark.parametrize("service", SERVICES)
def test_boto3_goes_to_the_servers_by_its_own_chain(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    for name, value in desk.local.environment.items():
        monkeypatch.setenv(name, value)
    url = boto3.client(service).meta.endpoint_url
    assert url == (desk.local.door.url if service == "sagemaker" else desk.local.cloud.endpoint)
