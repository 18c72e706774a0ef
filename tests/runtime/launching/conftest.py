"""Containers without a container: the job's own command, with a root in a temporary folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.targets.example import job
from tests.channels import deliver
from tests.conftest import Project
from tests.runtime.train.conftest import SMALL, VARIED
from tests.waivers import WAIVED

OVERRIDES = tuple(one for one in SMALL if not one.startswith("target.local"))


@dataclass
class Container:
    """A host of a job: what the service would lay out, start and stop."""

    root: Path
    estimator: dict[str, dict[str, list[str]]]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    began: int = 0
    """Where the log of this start begins."""

    def start(self) -> Container:
        """Start process 1 as the request says, its log in `log`."""
        algorithm = self.estimator["AlgorithmSpecification"]
        command = [*algorithm["ContainerEntrypoint"], *algorithm["ContainerArguments"]]
        python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        given = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        own = {"PATH": python, "MRLC_ML_ROOT": str(self.root), "OMP_NUM_THREADS": "1"}
        with (self.root / "log").open("ab") as log:
            self.began = log.tell()
            self.process = subprocess.Popen(
                command, env={**given, **own, **self.environment}, stdout=log, stderr=log
            )
        return self

    def wait(self, timeout_s: float = 240) -> int:
        """The exit code."""
        assert self.process is not None
        return self.process.wait(timeout_s)

    def run(self) -> int:
        """Start and wait."""
        return self.start().wait()

    def signal(self, number: signal.Signals) -> None:
        """Send to process 1 alone, as the service does."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End as a machine ends: process 1 and all below it, at once."""
        assert self.process is not None
        for pid in [*descendants(self.process.pid), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()

    def wait_for(self, text: str, timeout_s: float = 180) -> None:
        """Until the log has this text."""
        assert self.process is not None
        until = time.monotonic() + timeout_s
        while text not in (self.root / "log").read_bytes()[self.began :].decode():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.02)

    @property
    def log(self) -> str:
        return (self.root / "log").read_text("utf-8", errors="replace")

    @property
    def steps(self) -> list[str]:
        """The lines that SageMaker's metrics are read from."""
        return [line for line in self.log.splitlines() if line.startswith("mrlc step=")]

    @property
    def failure(self) -> str:
        return (self.root / "output" / "failure").read_text("utf-8")

    @property
    def run_folder(self) -> Path:
        (run,) = (self.root / "checkpoints").glob("desk-*")
        return run

    @property
    def weights(self) -> bytes:
        return (self.root / "model" / "model.safetensors").read_bytes()


def descendants(pid: int) -> list[int]:
    """All processes below one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in (child, *descendants(child))]


Make = Callable[..., Container]


@pytest.fixture
def container(project: Project, tmp_path: Path) -> Iterator[Make]:
    """Makes containers of the test project; what is left of them ends with the test."""
    project.write("specs/rewards.py", VARIED)
    edit = job()
    project.edit("specs/desk.yaml", str(edit.old), edit.new)
    made: list[Container] = []

    def make(
        *overrides: str,
        name: str = "root",
        host: str = "",
        hosts: tuple[str, ...] = (),
        **environment: str,
    ) -> Container:
        compiled = compile_spec(project.spec, overrides=(WAIVED, *OVERRIDES, *overrides))
        plan = write_plan(compiled, project.root / "build")
        estimator = json.loads((plan / "estimator.json").read_bytes())
        one = Container(tmp_path / name, estimator, environment)
        deliver(plan, one.root)
        (one.root / "model").mkdir()
        if hosts:
            resources = {
                "current_host": host,
                "hosts": list(hosts),
                "network_interface_name": "lo",
            }
            config = one.root / "input" / "config"
            config.mkdir()
            (config / "resourceconfig.json").write_text(json.dumps(resources))
        made.append(one)
        return one

    yield make
    for one in made:
        if one.process is not None and one.process.poll() is None:
            one.kill()
