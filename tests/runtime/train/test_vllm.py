"""Training on episodes that a server writes, and what the trainer is told of vLLM."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from mrlc.runtime.errors import PlanFault, RemoteFailed
from mrlc.runtime.rollout.policies.vllm import Served
from mrlc.runtime.train.rollouts import Rollouts
from mrlc.runtime.train.vllm import meet_server, require_vllm, vllm_arguments
from mrlc.schemas.rollout import Rollout, Vllm
from tests.runtime.rollout.vllm_server import serving
from tests.runtime.train.conftest import Bench
from tests.runtime.train.test_seam import watched


def test_a_step_on_a_servers_episodes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole seam but for NCCL: the server has the trainer's own model in place of a copy."""
    from trl.generation import vllm_client

    monkeypatch.setattr(vllm_client, "is_vllm_available", lambda *_, **__: True)
    spec = ("rollout={backend: vllm, vllm: {mode: server, server: 'env:VLLM_URL'}}",)
    setup, run = bench.prepare(*spec, "algorithm.steps=2", "algorithm.temperature=0.8")
    seen: list[dict[str, Any]] = []
    with serving(setup.base.model) as server:
        monkeypatch.setenv("VLLM_URL", server.url)
        rollouts = Rollouts(setup, run, vllm=Served(vllm_client.VLLMClient(server.url)))

        def rollout(prompts: list[str], trainer: Any) -> dict[str, Any]:
            seen.append(rollouts(prompts, trainer))
            return dict(seen[-1])

        trainer = watched(setup, run, rollout, use_vllm=False, learning_rate=0.0)
        trainer.train()
    assert len(seen) == 2
    assert seen[0]["completion_ids"] != seen[1]["completion_ids"]
    inputs = trainer.scored
    logprobs, *_ = trainer._get_per_token_logps_and_entropies(
        trainer.model,
        *_joined(inputs),
        inputs["completion_ids"].shape[1],
    )
    for row, ours in enumerate(seen[-1]["logprobs"]):
        theirs = logprobs[row, : len(ours)].tolist()
        mask = seen[-1]["env_mask"][row]
        assert [a for a, bit in zip(ours, mask, strict=True) if bit] == pytest.approx(
            [b for b, bit in zip(theirs, mask, strict=True) if bit], abs=1e-4
        )


def _joined(inputs: Any) -> tuple[Any, Any]:
    import torch

    return (
        torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], 1),
        torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], 1),
    )


URL = "http://10.0.0.7:8000"


@pytest.mark.parametrize(
    ("section", "environment", "expected"),
    [
        (
            None,
            {},
            {
                "use_vllm": True,
                "vllm_mode": "colocate",
                "vllm_gpu_memory_utilization": 0.3,
                "vllm_max_model_length": None,
            },
        ),
        (
            Vllm(gpu_memory_utilization=0.5, max_model_length=4096),
            {},
            {
                "use_vllm": True,
                "vllm_mode": "colocate",
                "vllm_gpu_memory_utilization": 0.5,
                "vllm_max_model_length": 4096,
            },
        ),
        (
            Vllm(mode="server", server="env:VLLM_URL"),
            {"VLLM_URL": URL},
            {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": URL},
        ),
        (
            Vllm(mode="server"),
            {"MRLC_VLLM_SERVER": URL},
            {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": URL},
        ),
    ],
    ids=["nothing said", "colocate", "a server of one's own", "the job's server"],
)
def test_what_the_trainer_is_told(
    section: Vllm | None, environment: dict[str, str], expected: dict[str, Any]
) -> None:
    from trl import GRPOConfig

    told = vllm_arguments(Rollout(backend="vllm", vllm=section), environment)
    assert told.keys() <= GRPOConfig.__dataclass_fields__.keys()
    assert expected.items() <= told.items()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"START_S": 0.5, "ANSWER_S": 0.1, "PAUSE_S": 0.05}.items():
        monkeypatch.setattr(f"mrlc.runtime.train.vllm.{name}", seconds)


@pytest.mark.parametrize(("listens", "why"), [(False, "ConnectionError"), (True, "ReadTimeout")])
@pytest.mark.usefixtures("impatient")
def test_a_server_that_never_answers(listens: bool, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        if not listens:
            silent.close()
        said = f"no vLLM server answers at {address} after 0.5 s: {why}"
        with pytest.raises(RemoteFailed, match=said):
            meet_server(served(address))


@pytest.mark.usefixtures("impatient")
def test_a_server_that_is_still_starting_is_waited_for() -> None:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    thread = threading.Timer(0.2, late, [port])
    thread.start()
    meet_server(served(f"http://127.0.0.1:{port}"))
    thread.join()


def late(port: int) -> None:
    """Answer one request on a port."""

    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", port), Healthy) as server:
        server.handle_request()


def served(address: str) -> Rollout:
    return Rollout(backend="vllm", vllm=Vllm(mode="server", server=address))


def test_transformers_needs_nothing_said() -> None:
    assert vllm_arguments(Rollout(), {}) == {}
    require_vllm(Rollout())
    meet_server(Rollout())


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (Vllm(mode="server"), "no vLLM server is known here"),
        (Vllm(mode="server", server="env:VLLM_URL"), "variable VLLM_URL is not set"),
    ],
)
def test_a_server_that_nobody_names(section: Vllm, said: str) -> None:
    with pytest.raises(PlanFault, match=said) as found:
        vllm_arguments(Rollout(backend="vllm", vllm=section), {})
    assert found.value.path == "rollout.vllm.server"


def test_vllm_that_is_not_installed_is_said_before_anything_is_paid_for() -> None:
    with pytest.raises(ModuleNotFoundError) as found:
        require_vllm(Rollout(backend="vllm"))
    assert found.value.name == "vllm"
