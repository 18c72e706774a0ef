"""A moto server, a bucket in it, and a project whose job is compiled and has earned its run."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest

from mrlc.cli import main
from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job
from mrlc.jobs import services
from tests.aws.proxy import Proxy, proxied
from tests.waivers import WAIVED

BUCKET = "my-team"
TOPIC = "arn:aws:sns:us-east-1:123456789012:rl-ops"
QUIET = "alerts.use=[]"
"""No rules: each has an alarm, made and taken down like those that every job has."""


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The server's address."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def proxy(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The way to a moto server without any state but a bucket; boto3 takes it by itself."""
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()
    with proxied(moto) as found:
        for name, value in environment(found, tmp_path).items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name, raising=False)
        services.cache_clear()
        at(moto, "s3").create_bucket(Bucket=BUCKET)
        at(moto, "sns").create_topic(Name="rl-ops")
        yield found
        services.cache_clear()


def environment(proxy: Proxy, home: Path) -> dict[str, str]:
    """What boto3 reads."""
    return {
        "AWS_ENDPOINT_URL": proxy.url,
        "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
        "AWS_SECRET_ACCESS_KEY": "the-secret-of-the-test",
        "AWS_CONFIG_FILE": str(home / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "2",
    }


@cache
def at(moto: str, service: str) -> Any:
    """A client that goes past the proxy."""
    keys = {"aws_access_key_id": "AKIATESTTESTTESTTEST", "aws_secret_access_key": "x"}
    return boto3.client(service, region_name="us-east-1", endpoint_url=moto, **keys)


@dataclass(frozen=True)
class Desk:
    """The project, and what moto has of its job."""

    root: Path
    folder: Path
    moto: str

    @property
    def name(self) -> str:
        """Of the job."""
        return str(json.loads((self.folder / "manifest.json").read_text())["job"])

    @property
    def runs(self) -> Path:
        """Where records go."""
        return self.root / "runs"

    def mrlc(self, command: str, *arguments: object) -> int:
        """Run a command on this project's records."""
        runs = [] if command == "policy" else ["--runs", str(self.runs)]
        return main([command, *map(str, arguments), *runs])

    def submit(self, *more: object) -> int:
        """Send the job without being asked."""
        return self.mrlc("submit", self.folder, "--yes", *more)

    def there(self) -> dict[str, list[str]]:
        """All that AWS has because of the job."""
        jobs = at(self.moto, "sagemaker").list_training_jobs()["TrainingJobSummaries"]
        alarms = at(self.moto, "cloudwatch").describe_alarms()["MetricAlarms"]
        events = at(self.moto, "events")
        rules = [one["Name"] for one in events.list_rules()["Rules"]]
        targets = [t["Arn"] for r in rules for t in events.list_targets_by_rule(Rule=r)["Targets"]]
        objects = at(self.moto, "s3").list_objects_v2(Bucket=BUCKET).get("Contents", ())
        return {
            "jobs": [one["TrainingJobName"] for one in jobs],
            "alarms": sorted(one["AlarmName"] for one in alarms),
            "rules": rules,
            "targets": targets,
            "objects": [one["Key"] for one in objects],
        }


def compiled(root: Path, *edits: Edit, **changed: str | None) -> Path:
    """A project's plan folder below root/build, its gates waived."""
    changed = {"notify": f'["{TOPIC}"]', **changed}
    spec = write(root / "project", [job(**changed), *edits])
    return write_plan(compile_spec(spec, overrides=[WAIVED, QUIET]), root / "build")


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan of one job; tests take a copy."""
    return compiled(tmp_path_factory.mktemp("desk").resolve())


@pytest.fixture
def desk(proxy: Proxy, build: Path, tmp_path: Path, moto: str) -> Desk:
    """A job that is ready to be sent."""
    root = tmp_path.resolve()
    return Desk(root, Path(shutil.copytree(build, root / "build" / build.name)), moto)
