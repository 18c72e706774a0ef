"""The example project with a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from mrlc.compiler import Compiled, compile_spec, write_plan
from mrlc.compiler.example import write
from mrlc.compiler.targets.example import job

EVERYTHING = {
    "spot": "true",
    "max_wait_s": "172800",
    "checkpoints": "s3://my-team/checkpoints",
    "count": "2",
    "instance": "ml.p3.2xlarge",
    "volume_gb": "200",
    "inputs": '{more: "s3://my-team/more"}',
    "vpc": "{subnets: [subnet-0123abcd], security_groups: [sg-0123abcd]}",
    "kms": "{volume: alias/disks, output: alias/results}",
    "network_isolation": "true",
    "encrypt_traffic": "true",
    "retries": "3",
    "environment": '{NCCL_DEBUG: WARN, CACHE: "env:TMPDIR"}',
    "tags": "{team: rl}",
    "notify": '["arn:aws:sns:us-east-1:123456789012:rl-ops"]',
    "max_cost_usd": "1000",
}


@pytest.fixture
def compiled(tmp_path: Path) -> Compiled:
    """The plan of a job that uses every field that goes with the others."""
    return compile_spec(write(tmp_path.resolve() / "project", [job(**EVERYTHING)]))


@pytest.fixture
def built(compiled: Compiled, tmp_path: Path) -> Path:
    """Its folder."""
    return write_plan(compiled, tmp_path / "build")
