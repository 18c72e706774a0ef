"""The least that caller and role must be allowed to do for given jobs, as IAM writes it.

    caller   who runs `mrlc submit`, `status`, `logs`, `stop` and `pull`
    role     what the job works as
    trust    who may take that role on: the job alone
    topics   what lets EventBridge and the alarms speak to the topics
    keys     what lets them, where a topic is encrypted: statements for the policy of its key

Whether a topic is encrypted is not asked: what is allowed for that is bound to the topic, and opens
nothing where it is not. The key that SNS itself keeps, alias/aws/sns, has a policy that nobody can
change, so services reach no topic under it.

Everything is read from the requests. A job's name ends in ten digits of its experiment's digest
and, of a further attempt, its number; both are left open, so that the next version of the
experiment needs no other policy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mrlc.runtime.sagemaker.job import Job
from mrlc.runtime.sagemaker.logs import GROUP
from mrlc.runtime.sagemaker.upload import split_uri
from mrlc.schemas.sagemaker import IMAGE

Statement = dict[str, Any]
Policy = dict[str, Any]

SERVICE = "sagemaker.amazonaws.com"
_DIGITS = re.compile(r"[0-9a-f]{10}$")
_ROLE = re.compile(r"arn:(?P<partition>[^:]+):iam::(?P<account>\d+):role/")
_CONTEXT = "kms:EncryptionContext:aws:sns:topicArn"
"""What SNS has a key encrypt for (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html)."""
_SECRET = re.compile(r"secretsmanager:(arn:[^\s\"]+)")
_NETWORK = (
    "CreateNetworkInterface",
    "CreateNetworkInterfacePermission",
    "DeleteNetworkInterface",
    "DeleteNetworkInterfacePermission",
    "DescribeDhcpOptions",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
)


def policies(jobs: Sequence[Job], plans: Iterable[str]) -> dict[str, Any]:
    """All of them; `plans` are the texts of the jobs' plans, which may name secrets."""
    one, plans = [_Part(job) for job in jobs], list(plans)
    secrets = sorted({_whole(arn) for plan in plans for arn in _SECRET.findall(plan)})
    told = sorted({topic for plan in plans for topic in _channels(plan)})
    return {
        "caller": _policy(statement for part in one for statement in part.caller()),
        "role": _policy(
            [
                *(statement for part in one for statement in part.role()),
                *(
                    [_allow("Secrets", "secretsmanager", ["GetSecretValue"], secrets)]
                    * bool(secrets)
                ),
                *([_allow("Alerts", "sns", ["Publish"], told)] * bool(told)),
                *(_key_of(topic) for topic in told),
            ]
        ),
        "trust": _trust({part.account for part in one}),
        "topics": _topics(one),
        "keys": {topic: _for_key(topic, accounts) for topic, accounts in _told(one).items()},
    }


class _Part:
    """What one job needs."""

    def __init__(self, job: Job) -> None:
        self.request, self.job = job.estimator, job
        role = _ROLE.match(self.request["RoleArn"])
        assert role is not None, "the compiler holds roles to the service's form"
        self.partition, self.account = role["partition"], role["account"]
        self.region = job.region or "*"
        self.name = _DIGITS.sub("?" * 10 + "*", job.name)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def caller(self) -> Iterator[Statement]:
        job = [self.arn("sagemaker", f"training-job/{self.name}")]
        yield _allow("Send", "sagemaker", ["CreateTrainingJob"], job, self._bounds())
        yield _allow(
            "Follow", "sagemaker", ["AddTags", "DescribeTrainingJob", "StopTrainingJob"], job
        )
        yield _allow("Count", "sagemaker", ["ListTrainingJobs"], ["*"])
        passed = {"StringEquals": {"iam:PassedToService": SERVICE}}
        yield _allow("Role", "iam", ["PassRole"], [self.request["RoleArn"]], passed)
        bucket, prefix = self._split(self._output)
        source = f"{bucket}/{prefix}source/*"
        yield _allow("Source", "s3", ["GetObject", "PutObject"], [source])
        yield _allow("Plan", "s3", ["PutObject"], [f"{bucket}/{prefix}plan/*"])
        results = f"{bucket}/{prefix}{self.name}/output/*"
        yield _allow("Results", "s3", ["GetObject"], [results])
        # Without it S3 says of an object that is not there that it is forbidden.
        yield _allow("Absence", "s3", ["ListBucket"], [bucket])
        group = f"log-group:{GROUP}"
        yield _allow("Logs", "logs", ["DescribeLogStreams"], [self.arn("logs", f"{group}:*")])
        stream = self.arn("logs", f"{group}:log-stream:{self.name}/*")
        yield _allow("LogLines", "logs", ["GetLogEvents"], [stream])
        alarm = self.arn("cloudwatch", f"alarm:mrlc-{self.name}-*")
        yield _allow("Alarms", "cloudwatch", ["DeleteAlarms", "PutMetricAlarm"], [alarm])
        if self.job.events:
            rule = self.arn("events", f"rule/mrlc-{self.name}")
            actions = ["DeleteRule", "PutRule", "PutTargets", "RemoveTargets"]
            yield _allow("Rule", "events", actions, [rule])
        yield from self._keys("Decrypt", "GenerateDataKey")

    def role(self) -> Iterator[Statement]:
        reads = [self._split(uri) for uri in self._inputs]
        yield _allow("Read", "s3", ["GetObject"], [f"{bucket}/{key}*" for bucket, key in reads])
        bucket, prefix = self._split(self._output)
        yield _allow(
            "Write",
            "s3",
            ["AbortMultipartUpload", "PutObject"],
            [f"{bucket}/{prefix}{self.name}/*"],
        )
        buckets = {bucket, *(bucket for bucket, _ in reads)}
        if uri := self.request.get("CheckpointConfig", {}).get("S3Uri"):
            kept, key = self._split(f"{uri.removesuffix(self.job.name)}{self.name}/")
            actions = ["AbortMultipartUpload", "DeleteObject", "GetObject", "PutObject"]
            yield _allow("Checkpoints", "s3", actions, [f"{kept}/{key}*"])
            buckets.add(kept)
        yield _allow("Buckets", "s3", ["GetBucketLocation", "ListBucket"], sorted(buckets))
        yield from self._image()
        group = self.arn("logs", f"log-group:{GROUP}")
        actions = ["CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"]
        yield _allow("Logs", "logs", actions, [group, f"{group}:*"])
        space = {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}}
        yield _allow("Metrics", "cloudwatch", ["PutMetricData"], ["*"], space)
        yield from self._keys("Decrypt", "GenerateDataKey")
        yield from self._disks()
        if "VpcConfig" in self.request:  # these actions know no resource that could be named
            yield _allow("Network", "ec2", list(_NETWORK), ["*"])

    def _bounds(self) -> Statement:
        """The instances of the spec and no dearer ones."""
        resources = self.request["ResourceConfig"]
        groups = resources.get("InstanceGroups", [resources])
        types = sorted({group["InstanceType"] for group in groups})
        return {"ForAllValues:StringEquals": {"sagemaker:InstanceTypes": types}}

    def _image(self) -> Iterator[Statement]:
        found = IMAGE.match(self.request["AlgorithmSpecification"]["TrainingImage"])
        if found is None:
            return
        where = f"{found['region']}:{found['account']}:repository/{found['repository']}"
        actions = ["BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"]
        yield _allow("Image", "ecr", actions, [f"arn:{self.partition}:ecr:{where}"])
        yield _allow("Registry", "ecr", ["GetAuthorizationToken"], ["*"])

    def _keys(self, *actions: str) -> Iterator[Statement]:
        if key := self.request["OutputDataConfig"].get("KmsKeyId"):
            yield self._with_key("Key", actions, key)

    def _disks(self) -> Iterator[Statement]:
        if key := self.request["ResourceConfig"].get("VolumeKmsKeyId"):
            actions = ("CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKeyWithoutPlaintext")
            yield self._with_key("Disks", actions, key)

    def _with_key(self, sid: str, actions: Iterable[str], key: str) -> Statement:
        """A key by its ARN or id; one by its alias is every key that has the alias."""
        alias = key if key.startswith("alias/") else ""
        if ":alias/" in key:
            alias = f"alias/{key.partition(':alias/')[2]}"
        if alias:
            condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": [alias]}}
            return _allow(
                f"{sid}Alias", "kms", list(actions), [self.arn("kms", "key/*")], condition
            )
        arn = key if key.startswith("arn:") else self.arn("kms", f"key/{key}")
        return _allow(sid, "kms", list(actions), [arn])

    @property
    def _output(self) -> str:
        return f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/"

    @property
    def _inputs(self) -> list[str]:
        channels = self.request["InputDataConfig"]
        own = tuple(f"{self._output}{one}/" for one in ("source", "plan"))
        uris = {channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in channels}
        # The digests of mrlc's own channels change with the next version.
        return sorted({*own, *(uri for uri in uris if not uri.startswith(own))})

    def _split(self, uri: str) -> tuple[str, str]:
        bucket, key = split_uri(uri)
        return f"arn:{self.partition}:s3:::{bucket}", key


def _allow(
    sid: str,
    service: str,
    actions: list[str],
    resources: list[str],
    condition: Statement | None = None,
) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [f"{service}:{action}" for action in actions],
        "Resource": resources,
        **({"Condition": condition} if condition else {}),
    }


def _policy(statements: Iterable[Statement]) -> Policy:
    """The statements, those of the same kind and condition as one."""
    merged: dict[str, Statement] = {}
    for statement in statements:
        key = repr([statement[part] for part in ("Sid", "Action")] + [statement.get("Condition")])
        known = merged.setdefault(key, {**statement, "Resource": []})
        known["Resource"] = sorted({*known["Resource"], *statement["Resource"]})
    counts: dict[str, int] = {}
    for statement in merged.values():  # two of a kind may differ in their conditions
        sid = statement["Sid"]
        counts[sid] = counts.get(sid, 0) + 1
        statement["Sid"] = sid if counts[sid] == 1 else f"{sid}{counts[sid]}"
    return {"Version": "2012-10-17", "Statement": list(merged.values())}


def _channels(plan: str) -> Iterator[str]:
    """The topics that alerts are told to by the job itself."""
    for channel in json.loads(plan)["experiment"]["notify"].values():
        if channel["sns"] is not None:
            yield channel["sns"]


def _whole(secret: str) -> str:
    """A secret's ARN ends in six letters of the service's own, which a spec may leave out."""
    return secret if re.search(r"-\w{6}$", secret) else f"{secret}-??????"


def _trust(accounts: set[str]) -> Policy:
    """No other account's job may use the role, whoever asks SageMaker for it."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": sorted(accounts)}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _topics(parts: Iterable[_Part]) -> dict[str, Policy]:
    """For each topic, what its own policy must allow."""
    return {topic: _topic(topic, accounts) for topic, accounts in _told(parts).items()}


def _told(parts: Iterable[_Part]) -> dict[str, set[str]]:
    """The topics that services speak to, and the accounts of the jobs that they speak for."""
    told: dict[str, set[str]] = {}
    for part in parts:
        for target in part.job.events["targets"]["Targets"] if part.job.events else []:
            told.setdefault(str(target["Arn"]), set()).add(part.account)
    return dict(sorted(told.items()))


def _topic(topic: str, accounts: set[str]) -> Policy:
    """EventBridge's guide gives its statement no condition where the target is a topic."""
    own = {"StringEquals": {"aws:SourceAccount": sorted(accounts)}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            _publishing("Alarms", "cloudwatch", topic) | {"Condition": own},
            _publishing("End", "events", topic),
        ],
    }


def _key_of(topic: str) -> Statement:
    """Whatever key encrypts a topic, for messages of that topic alone."""
    _, partition, _, region, account, _ = topic.split(":")
    keys = [f"arn:{partition}:kms:{region}:{account}:key/*"]
    condition = {"StringEquals": {_CONTEXT: topic}}
    return _allow("AlertKeys", "kms", ["Decrypt", "GenerateDataKey"], keys, condition)


def _for_key(topic: str, accounts: set[str]) -> list[Statement]:
    """Of a key's policy, `*` is the key. EventBridge does not say for whose account it asks."""
    own = {"aws:SourceAccount": sorted(accounts)}
    return [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEquals": {_CONTEXT: topic, **bound}},
        }
        for sid, service, bound in (("Alarms", "cloudwatch", own), ("End", "events", {}))
    ]


def _publishing(sid: str, service: str, topic: str) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
