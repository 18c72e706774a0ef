"""SNS as a channel: what a topic gets, what is asked again, and what is said when it is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mrlc.compiler.example import Edit
from mrlc.runtime.endpoint import attempts
from mrlc.runtime.notify import sns
from mrlc.runtime.notify.deliver import Courier
from mrlc.schemas.notify import Channel
from tests.aws.conftest import TOPIC, at, compiled
from tests.aws.proxy import Proxy, Reply
from tests.aws.test_policy import allowing, printed
from tests.runtime.notify.firings import HACKED, HOSTILE, firing

CHANNELS = {"ops": Channel(sns=TOPIC)}
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:chat"


@pytest.fixture
def queue(proxy: Proxy, moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a queue that hears the topic."""
    monkeypatch.setattr(attempts, "FIRST_WAIT_S", 0.01)
    sns._client.cache_clear()
    sqs = at(moto, "sqs")
    url = str(sqs.create_queue(QueueName="rl-ops")["QueueUrl"])
    endpoint = "arn:aws:sqs:us-east-1:123456789012:rl-ops"
    at(moto, "sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=endpoint)
    yield url
    sns._client.cache_clear()


def told(*firings: Any) -> list[str]:
    warnings: list[str] = []
    with Courier(CHANNELS, "desk-s1", warn=warnings.append) as courier:
        courier.post(firings)
    return warnings


def says(code: str, status: int) -> Reply:
    """An error as SNS answers it."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    return Reply(status, body.encode(), {"Content-Type": "text/xml"})


def heard(moto: str, queue: str) -> list[dict[str, Any]]:
    found = at(moto, "sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(one["Body"]) for one in found.get("Messages", ())]


def test_a_topic_gets_subject_and_text(moto: str, queue: str) -> None:
    assert told(HACKED) == []
    (message,) = heard(moto, queue)
    assert message["Subject"].startswith("desk-s1: alert reward-hacked at step 40")
    assert message["Message"].splitlines()[0].startswith("alert reward-hacked at step 40")
    assert message["Message"].endswith("run desk-s1")


def test_hostile_text_is_taken(moto: str, queue: str) -> None:
    hostile = firing(symptom=HOSTILE.symptom, evidence=HOSTILE.evidence)
    assert told(hostile) == []
    assert len(heard(moto, queue)) == 1


def test_a_throttled_message_is_sent_again(proxy: Proxy, moto: str, queue: str) -> None:
    replies = [says("Throttling", 400)]
    proxy.before = lambda one: replies.pop() if one.service == "sns" and replies else None
    assert told(HACKED) == []
    assert len(heard(moto, queue)) == 1


def test_no_such_topic(moto: str, queue: str) -> None:
    at(moto, "sns").delete_topic(TopicArn=TOPIC)
    assert told(HACKED) == ["channel ops was not told of reward-hacked: NotFound"]


def test_what_is_not_allowed_names_the_permission(proxy: Proxy, queue: str) -> None:
    refused = says("AuthorizationError", 403)
    proxy.before = lambda one: refused if one.service == "sns" else None
    (warning,) = told(HACKED)
    assert "allow sns:Publish on the topic" in warning


def test_a_key_that_is_shut_names_the_permission(proxy: Proxy, queue: str) -> None:
    refused = says("KMSAccessDenied", 400)
    proxy.before = lambda one: refused if one.service == "sns" else None
    (warning,) = told(HACKED)
    assert "the topic is encrypted; allow kms:GenerateDataKey and kms:Decrypt" in warning


def test_the_job_may_tell_its_channels_and_read_their_addresses(
    tmp_path: Path, capsys: Any
) -> None:
    chat = f'{{ops: {{sns: "{TOPIC}"}}, chat: {{slack: "secretsmanager:{SECRET}"}}}}'
    edit = Edit("\nwarm_start:", f"\nnotify: {chat}\nwarm_start:")
    role = printed(compiled(tmp_path.resolve(), edit), capsys, "--of", "role")
    assert allowing(role, "sns:Publish", TOPIC) == ["Alerts"]
    assert allowing(role, "sns:Publish", TOPIC.replace("rl-ops", "other")) == []
    key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert allowing(role, "kms:GenerateDataKey", key) == ["AlertKeys"]
    (statement,) = (one for one in role["Statement"] if one["Sid"] == "AlertKeys")
    bound = {"kms:EncryptionContext:aws:sns:topicArn": TOPIC}
    assert statement["Condition"] == {"StringEquals": bound}
    assert allowing(role, "secretsmanager:GetSecretValue", f"{SECRET}-AbCdEf") == ["Secrets"]
