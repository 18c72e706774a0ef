"""modeltrainer.py, run by a Python that has the SageMaker SDK, sends what was compiled.

`make test-sdk` installs the SDK into an environment of its own, as its pins are not ours, and names
it by SAGEMAKER_PYTHON. `mrlc submit` sends the same request (tests/aws/test_submit.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mrlc.cli import main
from mrlc.compiler.example import write
from mrlc.compiler.targets.example import job
from tests.aws.conftest import BUCKET, at
from tests.aws.proxy import Proxy
from tests.bench.bad_requests import CASES, GOOD, by_botocore, by_modeltrainer
from tests.channels import objects
from tests.compiler.targets.conftest import EVERYTHING

SDK = os.environ.get("SAGEMAKER_PYTHON") or (sys.executable if find_spec("sagemaker") else None)
GROUPS = "[{name: a, instance: ml.g6e.xlarge}, {name: b, instance: ml.m5.xlarge, count: 2}]"
JOBS: dict[str, dict[str, str | None]] = {
    "the least": {},
    "everything": dict(EVERYTHING),
    "groups": {"instance": None, "instance_groups": GROUPS},
    "a region of its own": {"region": "us-east-1", "warm_pool_s": "600"},
}

TELEMETRY_OFF = """\
SchemaVersion: "1.0"
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""

pytestmark = [
    pytest.mark.sdk,
    pytest.mark.skipif(SDK is None, reason="no SAGEMAKER_PYTHON: `make test-sdk` makes one"),
]


@pytest.mark.parametrize("name", JOBS)
def test_the_sdk_sends_what_was_compiled(name: str, proxy: Proxy, tmp_path: Path) -> None:
    spec = write(tmp_path.resolve() / "project", [job(**JOBS[name])])
    assert (
        main(["compile", str(spec), "--out", str(tmp_path / "build"), "--emit", "modeltrainer"])
        == 0
    )
    folder = tmp_path / "build/desk"
    own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    settings = tmp_path / "settings.yaml"
    settings.write_text(TELEMETRY_OFF)
    done = subprocess.run(
        [str(SDK), folder / "modeltrainer.py"],
        env={**own, "SAGEMAKER_USER_CONFIG_OVERRIDE": str(settings)},
        capture_output=True,
        text=True,
        check=False,
    )
    (sent,) = [one.json for one in proxy.asked if one.operation == "CreateTrainingJob"]
    assert sent == json.loads((folder / "estimator.json").read_bytes()), done.stderr
    s3 = at(f"{proxy.upstream.scheme}://{proxy.upstream.netloc}", "s3")
    for file, uri in objects(folder):
        stored = s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))
        assert stored["Body"].read() == file.read_bytes()


def test_the_sdk_catches_less_than_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEMAKER_PYTHON", str(SDK))
    assert by_modeltrainer(GOOD) is False
    assert 0 < sum(map(bool, map(by_modeltrainer, CASES))) <= sum(map(by_botocore, CASES))
