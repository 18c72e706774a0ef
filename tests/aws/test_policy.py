"""The policies: enough for every request that the commands make, and no word more."""

from __future__ import annotations

import fnmatch
import json
import re
from pathlib import Path
from typing import Any

import pytest

from mrlc.cli import main
from mrlc.compiler import compile_variants, write_sweep
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job
from tests.aws.conftest import BUCKET, TOPIC, Desk, at, compiled
from tests.aws.proxy import Proxy, Request
from tests.aws.test_following import described, put_lines
from tests.aws.test_pull import archive, leave
from tests.compiler.targets.conftest import EVERYTHING
from tests.waivers import WAIVED

HERE = "us-east-1:123456789012"


def printed(folder: Path, capsys: Any, *options: str) -> Any:
    capsys.readouterr()
    assert main(["policy", str(folder), *options]) == 0
    return json.loads(capsys.readouterr().out)


def needed(request: Request) -> list[tuple[str, str]]:
    """Action and resource of a request, as AWS's service authorization reference has them."""
    if request.service == "s3":
        bucket, _, key = request.path.partition("?")[0].lstrip("/").partition("/")
        action = {"HeadObject": "GetObject"}.get(request.operation, request.operation)
        return [(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}")]
    if request.service == "cloudwatch":
        names = re.findall(rb"mrlc-[\w-]+-(?:stalled|environment)", request.body)
        arn = f"arn:aws:cloudwatch:{HERE}:alarm:"
        return [(f"cloudwatch:{request.operation}", arn + name.decode()) for name in names]
    body = request.json
    if request.service == "events":
        rule = f"arn:aws:events:{HERE}:rule/{body.get('Rule') or body.get('Name')}"
        return [(f"events:{request.operation}", rule)]
    if request.service == "logs":
        stream = body.get("logStreamName")
        tail = f"log-stream:{stream}" if stream else "*"
        arn = f"arn:aws:logs:{HERE}:log-group:/aws/sagemaker/TrainingJobs:{tail}"
        return [(f"logs:{request.operation}", arn)]
    if request.operation == "ListTrainingJobs":
        return [("sagemaker:ListTrainingJobs", "*")]
    arn = f"arn:aws:sagemaker:{HERE}:training-job/{body['TrainingJobName']}"
    asked = [(f"sagemaker:{request.operation}", arn)]
    if request.operation == "CreateTrainingJob":
        asked += [("sagemaker:AddTags", arn), ("iam:PassRole", body["RoleArn"])]
    return asked


def allowing(policy: Any, action: str, resource: str) -> list[str]:
    """Which statements allow it; IAM's `*` and `?` mean what they mean to a shell."""
    return [
        statement["Sid"]
        for statement in policy["Statement"]
        if action in statement["Action"]
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in statement["Resource"])
    ]


def test_the_caller_may_all_that_the_commands_ask_and_nothing_else(
    desk: Desk, proxy: Proxy, capsys: Any
) -> None:
    policy = printed(desk.folder, capsys, "--of", "caller")
    assert desk.submit("--concurrency", "5") == 0
    put_lines(desk, "algo-1-17", (0, "hello"))
    leave(desk, "model.tar.gz", archive(("config.json", b"{}")))
    assert desk.mrlc("logs", desk.name) == 0
    assert desk.mrlc("pull", desk.name) == 0
    ended = described(desk, "Completed", TrainingEndTime=1_700_000_000)
    running = described(desk, "InProgress")
    for now in (running, ended):
        proxy.before = lambda one, now=now: now if "TrainingJob" in one.operation else None
        assert desk.mrlc("stop", desk.name) == 0
    asked = {pair for request in proxy.asked for pair in needed(request)}
    refused = [pair for pair in sorted(asked) if not allowing(policy, *pair)]
    assert refused == []
    granted = {action for statement in policy["Statement"] for action in statement["Action"]}
    # ListBucket: without it a HEAD of what is not there is answered by 403.
    assert granted - {action for action, _ in asked} == {"s3:ListBucket"}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sagemaker:StopTrainingJob", f"arn:aws:sagemaker:{HERE}:training-job/other-0123456789"),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/mrlc/desk-0123456789/output/model.tar.gz"),
        ("s3:PutObject", f"arn:aws:s3:::{BUCKET}/elsewhere/source/x"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/Admin"),
        ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:production-down"),
        ("events:DeleteRule", f"arn:aws:events:{HERE}:rule/nightly"),
    ],
)
def test_what_the_caller_may_not(desk: Desk, capsys: Any, action: str, resource: str) -> None:
    assert allowing(printed(desk.folder, capsys, "--of", "caller"), action, resource) == []


def test_the_next_version_needs_no_other_policy(desk: Desk, capsys: Any) -> None:
    policy = printed(desk.folder, capsys, "--of", "caller")
    next_ = f"arn:aws:sagemaker:{HERE}:training-job/desk-ffffffffff"
    assert allowing(policy, "sagemaker:CreateTrainingJob", next_)


def test_snapshot_of_a_job_with_everything(tmp_path: Path, capsys: Any, snapshot: Any) -> None:
    secret = "secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:hub"
    secrets = f'{{HF_TOKEN: "{secret}"}}'
    fields = {**EVERYTHING, "environment": secrets, "network_isolation": None}
    found = printed(compiled(tmp_path.resolve(), **fields), capsys)
    assert found == snapshot
    for name in ("caller", "role"):
        text = json.dumps(found[name], separators=(",", ":"))
        assert len(text) <= 6_144, "the most that a managed policy of IAM holds"
        sids = [statement["Sid"] for statement in found[name]["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids)


def test_iam_takes_them(desk: Desk, capsys: Any) -> None:
    found = printed(desk.folder, capsys)
    iam, sns = at(desk.moto, "iam"), at(desk.moto, "sns")
    iam.create_role(RoleName="Trainer", AssumeRolePolicyDocument=json.dumps(found["trust"]))
    for name in ("caller", "role"):
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(found[name]))
    text = json.dumps(found["topics"][TOPIC])
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=text)


def test_a_topic_that_is_encrypted(desk: Desk, capsys: Any) -> None:
    """Its key takes the statements beside those it has, and the topic takes the key."""
    found = printed(desk.folder, capsys)
    kms, sns = at(desk.moto, "kms"), at(desk.moto, "sns")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"] += found["keys"][TOPIC]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue=key)
    services = [one["Principal"]["Service"] for one in found["keys"][TOPIC]]
    assert services == ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    for statement in found["keys"][TOPIC]:
        bound = statement["Condition"]["StringEquals"]
        assert bound["kms:EncryptionContext:aws:sns:topicArn"] == TOPIC


def test_whoever_reads_the_policies_is_told_of_keys(desk: Desk, capsys: Any) -> None:
    for part, is_told in (("caller", False), ("role", False), ("topics", True), ("keys", True)):
        assert main(["policy", str(desk.folder), "--of", part]) == 0
        assert ("under alias/aws/sns" in capsys.readouterr().err) == is_told


def test_a_sweep_needs_one_policy(tmp_path: Path, capsys: Any) -> None:
    axis = Edit("mrlc: v1", "mrlc: v1\nsweep: {over: {algorithm.group_size: [2, 4, 8]}}")
    spec = write(tmp_path.resolve(), [job(), axis])
    folder = write_sweep(compile_variants(spec, overrides=[WAIVED]), tmp_path / "build")
    caller = printed(folder, capsys, "--of", "caller")
    follow = next(one for one in caller["Statement"] if one["Sid"] == "Follow")
    assert len(follow["Resource"]) == 3
    assert [one["Sid"] for one in caller["Statement"]].count("Source") == 1
