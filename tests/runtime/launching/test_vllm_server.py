"""The server beside the trainers: started as TRL needs it, watched, and gone at the end.

A small HTTP server of the name `vllm` stands on the PATH in place of the real one.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.launching.children import Child
from mrlc.runtime.launching.devices import split, trainers
from mrlc.runtime.launching.supervisor import StopAsked, supervise
from mrlc.runtime.launching.vllm import Health, ServerSilent, server
from mrlc.schemas.rollout import Vllm
from tests.runtime.launching.test_together import free_port

STAND_IN = """\
#!{python}
import http.server, json, os, sys, time

given = dict(one.removeprefix("--").split("=", 1) for one in sys.argv[3:])
names = ("CUDA_VISIBLE_DEVICES", "VLLM_SERVER_DEV_MODE")
told = {{"first": sys.argv[1:3], "pid": os.getpid(), **given}}
told |= {{name: os.environ.get(name) for name in names}}
with open({told!r}, "w") as file:
    json.dump(told, file)
{then}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

http.server.HTTPServer((given["host"], int(given["port"])), Handler).serve_forever()
"""
WAITS = """\
import time, urllib.request
for _ in range(200):
    try:
        urllib.request.urlopen("http://127.0.0.1:{port}/health")
        break
    except OSError:
        time.sleep(0.05)
else:
    raise SystemExit("no server")
{then}
"""


class Host:
    """A host with the stand-in on its PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.told = folder / "told.json"
        self.environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    def server(self, then: str = "", section: Vllm | None = None, gpus: str = "6,7") -> Child:
        script = STAND_IN.format(python=sys.executable, told=str(self.told), then=then)
        (self.folder / "vllm").write_text(script)
        (self.folder / "vllm").chmod(0o755)
        return server(
            self.folder / "base",
            section or Vllm(mode="server"),
            port=self.port,
            gpus=gpus,
            environment=self.environment,
        )

    def trainer(self, then: str = "") -> Child:
        code = WAITS.format(port=self.port, then=then)
        return Child("trainer 0", (sys.executable, "-c", code), dict(os.environ), self.folder / "m")

    def watch(
        self, *children: Child, stop: StopAsked | None = None, limit_s: float = 30.0
    ) -> str | None:
        health = Health(self.port, limit_s)
        failure = supervise(
            children, stop or StopAsked(), host="algo-1", grace_s=20.0, beat=health.beat
        )
        return failure and failure.message

    @property
    def is_gone(self) -> bool:
        pid = json.loads(self.told.read_text())["pid"]
        return not Path(f"/proc/{pid}").exists()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_server_ends_with_the_trainers(host: Host) -> None:
    section = Vllm(mode="server", max_model_length=4096)
    assert host.watch(host.server(section=section), host.trainer()) is None
    told = json.loads(host.told.read_text())
    assert told.pop("pid")
    assert told == {
        "first": ["serve", str(host.folder / "base")],
        "host": "127.0.0.1",
        "port": str(host.port),
        "tensor-parallel-size": "2",
        "gpu-memory-utilization": "0.9",
        "max-model-len": "4096",
        "weight-transfer-config": '{"backend": "nccl"}',
        "logprobs-mode": "processed_logprobs",
        "CUDA_VISIBLE_DEVICES": "6,7",
        "VLLM_SERVER_DEV_MODE": "1",
    }
    assert host.is_gone


def test_a_server_that_dies_fails_the_job(host: Host) -> None:
    then = "import threading; threading.Timer(0.7, os._exit, [9]).start()"
    said = host.watch(host.server(then), host.trainer("time.sleep(60)"))
    assert said == "host algo-1: the vLLM server ended with exit code 9; its log says why"


def test_a_server_that_ends_well_fails_the_job_too(host: Host) -> None:
    said = host.watch(host.server("sys.exit(0)"), host.trainer("time.sleep(60)"))
    assert said == "host algo-1: the vLLM server ended with exit code 0; its log says why"


def test_a_server_that_does_not_come_up(host: Host) -> None:
    with pytest.raises(ServerSilent) as found:
        host.watch(host.server("time.sleep(60)"), host.trainer(), limit_s=1.5)
    assert str(found.value) == "the vLLM server did not answer within 2 s; its log says why"
    assert host.is_gone


def test_a_stop_leaves_the_server_until_the_trainers_are_done(host: Host) -> None:
    stop = StopAsked()
    asked = f"urllib.request.urlopen('http://127.0.0.1:{host.port}/health')"
    saves = f"lambda *_: (time.sleep(0.5), {asked}, print(end=''), os._exit(0))"
    then = f"import os, signal; signal.signal(signal.SIGTERM, {saves}); time.sleep(60)"
    health, began = Health(host.port, 30.0), time.monotonic()

    def beat() -> None:
        health.beat()
        if health.is_up and time.monotonic() - began > 2.5:
            stop.ask()

    failure = supervise(
        (host.server(), host.trainer(then)), stop, host="algo-1", grace_s=20.0, beat=beat
    )
    assert failure is None
    assert host.is_gone
    assert time.monotonic() - began < 15


def test_an_image_without_vllm(tmp_path: Path) -> None:
    with pytest.raises(PlanFault, match="no `vllm` command"):
        server(tmp_path, Vllm(), port=1, gpus="0", environment={"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("visible", "kept", "expected"),
    [
        (None, 1, ("0,1,2", "3")),
        (None, 2, ("0,1", "2,3")),
        ("3,1,0", 1, ("3,1", "0")),
    ],
)
def test_the_last_gpus_are_kept(
    tmp_path: Path, visible: str | None, kept: int, expected: tuple[str, str]
) -> None:
    for number in range(4):
        (tmp_path / f"nvidia{number}").touch()
    environment = {"CUDA_VISIBLE_DEVICES": visible} if visible else {}
    assert split(environment, kept, tmp_path) == expected
    assert trainers(environment, tmp_path, kept) == len(expected[0].split(","))
