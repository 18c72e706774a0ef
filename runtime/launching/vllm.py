"""The vLLM server of a job, on GPUs that are kept from the trainers: `vllm serve`.

It serves the base model; the first trainer gives it the weights of each step. Process 1 starts it
with the trainers, which wait for it, and asks after its health until it has answered once. From then
on only its end counts: a server that is up and does not answer is the trainers' to tell.
"""

from __future__ import annotations

import http.client
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.launching.children import Child
from mrlc.runtime.launching.failure import FAULT, Failure
from mrlc.runtime.launching.hosts import LOOPBACK

if TYPE_CHECKING:
    from mrlc.schemas.rollout import Vllm

SERVER = "MRLC_VLLM_SERVER"
"""Variable: where the trainers find the server."""
START = "MRLC_VLLM_START_S"
"""Variable: the longest start."""
DEFAULT_START_S = 1800.0
"""A large model is read from disk, and its kernels are compiled; no more than half an hour is paid."""
ON_ITS_OWN = 0.9
"""Share of a GPU's memory for vLLM where nothing else is on the GPU; vLLM's own default."""
ASK_S = 1.0
NAME = "the vLLM server"


class ServerSilent(Exception):
    """The server did not come up; with the message for the user."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def server(
    model: Path, section: Vllm, *, port: int, gpus: str, environment: Mapping[str, str]
) -> Child:
    """The server as TRL's client needs it.

    Raises:
        PlanFault: the image has none.
    """
    if shutil.which("vllm", path=environment.get("PATH")) is None:
        message = "the image has no `vllm` command to start a server with"
        raise PlanFault("target.sagemaker.vllm_gpus", message, help="install mrlc[vllm] in it")
    options = {
        "host": LOOPBACK,
        "port": port,
        "tensor-parallel-size": len(gpus.split(",")),
        "gpu-memory-utilization": section.gpu_memory_utilization or ON_ITS_OWN,
        "max-model-len": section.max_model_length,
        "weight-transfer-config": json.dumps({"backend": "nccl"}),
        "logprobs-mode": "processed_logprobs",  # of the distribution that is sampled from
    }
    given = [f"--{name}={value}" for name, value in options.items() if value is not None]
    own = {"CUDA_VISIBLE_DEVICES": gpus, "VLLM_SERVER_DEV_MODE": "1"}  # it takes weights then
    return Child(
        NAME,
        ("vllm", "serve", str(model), *given),
        {**environment, **own},
        model.with_name("no-message"),
        serves=True,
    )


@dataclass
class Health:
    """Whether the server has come up."""

    port: int
    limit_s: float
    since: float = field(default_factory=time.monotonic)
    is_up: bool = False
    _next: float = 0.0

    def beat(self) -> None:
        """Ask once a second.

        Raises:
            ServerSilent: it takes too long.
        """
        now = time.monotonic()
        if self.is_up or now < self._next:
            return
        self._next = now + ASK_S
        self.is_up = self._answers()
        if not self.is_up and now - self.since > self.limit_s:
            message = f"{NAME} did not answer within {self.limit_s:.0f} s; its log says why"
            raise ServerSilent(Failure(message, FAULT))

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=ASK_S / 2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
