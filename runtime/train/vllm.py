"""vLLM in the training: what TRL's trainer is told, and the back end that its episodes go through.

TRL makes the vLLM engine, or meets the server, and gives it the weights of each step before it asks
for episodes. Both live as long as the trainer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from mrlc.runtime.endpoint.access import ENV
from mrlc.runtime.errors import PlanFault, RemoteFailed
from mrlc.runtime.launching.vllm import SERVER
from mrlc.runtime.rollout.policies.vllm import BackEnd, Colocated, Served, limit_waits
from mrlc.schemas.rollout import Rollout, Vllm

START_S = 1800.0
"""Longest start of a server: it reads the weights and compiles its kernels first."""
ANSWER_S, PAUSE_S = 10.0, 2.0
"""Of a server that is starting: how long an answer is waited for, and until it is asked again."""
BESIDE_A_TRAINER = 0.3
"""Share of a GPU's memory that TRL leaves to an engine on a trainer's GPU."""


def require_vllm(rollout: Rollout, environment: Mapping[str, str] = os.environ) -> None:
    """Before anything is paid for.

    Raises:
        ModuleNotFoundError: the plan asks for vLLM, and it is not installed.
        PlanFault: it asks a server, and nobody says where.
    """
    vllm_arguments(rollout, environment)
    if rollout.backend == "vllm" and find_spec("vllm") is None:
        raise ModuleNotFoundError("No module named 'vllm'", name="vllm")


def vllm_arguments(rollout: Rollout, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Keyword arguments for the trainer's config."""
    if rollout.backend != "vllm":
        return {}
    section = rollout.vllm or Vllm()
    arguments = {"use_vllm": True, "vllm_mode": section.mode}
    if section.mode == "server":
        address = server_address(section, environment)
        return arguments | {"vllm_server_base_url": address, "vllm_server_timeout": START_S}
    share = section.gpu_memory_utilization or BESIDE_A_TRAINER
    return arguments | {
        "vllm_gpu_memory_utilization": share,
        "vllm_max_model_length": section.max_model_length,
    }


def server_address(section: Vllm, environment: Mapping[str, str]) -> str:
    """Where the server listens.

    Raises:
        PlanFault: nobody says where.
    """
    at = "rollout.vllm.server"
    if section.server is None:
        if SERVER not in environment:
            help = "the job starts one on the GPUs that it keeps; elsewhere give its address"
            raise PlanFault(at, "no vLLM server is known here", help=help)
        return environment[SERVER]
    if not section.server.startswith(ENV):
        return section.server
    name = section.server.removeprefix(ENV)
    if not environment.get(name):
        message = f"the environment variable {name} is not set"
        raise PlanFault(at, message, help=f"{name}=http://host:8000 mrlc run …")
    return environment[name]


def meet_server(rollout: Rollout, environment: Mapping[str, str] = os.environ) -> None:
    """Wait until the server that writes the episodes is there, if one does.

    TRL's client waits too, but for ever where a server takes a connection and says nothing.

    Raises:
        RemoteFailed: it does not answer, `START_S` long.
    """
    address = vllm_arguments(rollout, environment).get("vllm_server_base_url")
    if address is None:
        return
    import requests

    until = time.monotonic() + START_S
    while True:
        try:
            requests.get(f"{address}/health", timeout=ANSWER_S).raise_for_status()
            return
        except requests.RequestException as error:
            if time.monotonic() > until:
                what = f"no vLLM server answers at {address} after {START_S:g} s"
                raise RemoteFailed(f"{what}: {type(error).__name__}") from error
        time.sleep(PAUSE_S)


def limit_server_waits(trainer: Any) -> None:
    """Of TRL's own client too, which sends each step's weights; the first trainer alone has one."""
    client = getattr(getattr(trainer, "vllm_generation", None), "vllm_client", None)
    if client is not None:
        limit_waits(client)


def back_end(trainer: Any) -> BackEnd:
    """What writes the trainer's episodes."""
    if trainer.vllm_mode == "server":
        from trl.generation.vllm_client import VLLMClient

        # Each trainer asks by itself; TRL's own client is the first one's, and sends the weights.
        return Served(
            VLLMClient(trainer.args.vllm_server_base_url, connection_timeout=START_S),
        )
    return Colocated(trainer.vllm_generation.llm, device=trainer.accelerator.device)
