"""The vLLM policy through TRL's own client and helpers, over a real small model instead of vLLM.

No GPU and no vLLM here. `Served` meets a server on this machine that speaks what TRL's client says;
`Colocated` an engine with the methods that TRL's source calls. What only vLLM itself can show (its
kernels, its NCCL weight transfer) is not shown.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
import sys
import time
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from mrlc.runtime.errors import PlanFault, RemoteFailed
from mrlc.runtime.rollout.policies import vllm
from mrlc.runtime.rollout.policies.policy import Written
from mrlc.runtime.rollout.policies.transformers import TransformersPolicy
from mrlc.runtime.rollout.policies.vllm import Colocated, Served, VllmPolicy
from mrlc.runtime.train.vllm import limit_server_waits
from mrlc.schemas.rollout import Rollout
from tests.runtime.rollout.vllm_server import serving

END = 2
Script = list[list[int]]
SCRIPTS: list[Script] = [[[5, 6, 7], [9, 10]], [[8] * 9], [[3], [4], [5]]]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    """TRL's client of a server; it only looks whether vLLM is installed, and uses it for NCCL."""
    from trl.generation import vllm_client

    monkeypatch.setattr(vllm_client, "is_vllm_available", lambda *_, **__: True)
    return lambda server: vllm_client.VLLMClient(server.url)


def policy(back_end: Any, temperature: float = 0.7) -> VllmPolicy:
    return VllmPolicy(back_end, end_id=END, temperature=temperature)


def play(
    acting: VllmPolicy, seeds: list[int], scripts: list[Script], tool_s: float = 0.0
) -> list[list[Written]]:
    """Feed each sequence its chunks in turn, with a tool between them."""

    async def one(sequence: Any, script: Script) -> list[Written]:
        turns = []
        for chunk in script:
            turns.append(await sequence.write(chunk, max_tokens=6))
            await asyncio.sleep(tool_s)
        sequence.close()
        return turns

    async def together() -> list[list[Written]]:
        async with acting.session(len(seeds)) as session:
            rows = [session.open(seed) for seed in seeds]
            return await asyncio.gather(*(one(r, s) for r, s in zip(rows, scripts, strict=True)))

    return asyncio.run(together())


def assert_sampled(model: Any, played: list[list[Written]], temperature: float) -> None:
    """Log-probs are those of one plain forward pass, at the temperature that was sampled with."""
    for script, turns in zip(SCRIPTS, played, strict=True):
        ids: list[int] = []
        for chunk, turn in zip(script, turns, strict=True):
            ids += chunk
            start = len(ids)
            ids += turn.ids
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([ids])).logits[0].float() / temperature
            expected = torch.log_softmax(logits, -1)
            ours = [float(expected[i - 1, ids[i]]) for i in range(start, len(ids))]
            assert list(turn.logprobs) == pytest.approx(ours, abs=1e-4)
            assert turn.has_ended == (turn.ids[-1] == END)
            assert len(turn.ids) == 6 or turn.has_ended


def test_turns_of_a_server(model: Any, client: Any) -> None:
    with serving(model) as server:
        acting = policy(Served(client(server)))
        assert acting.context == model.config.max_position_embeddings
        played = play(acting, [1, 2, 3], SCRIPTS)
        assert_sampled(model, played, 0.7)
        again = play(acting, [1, 2, 3], SCRIPTS)
    assert again == played
    assert len({asked["seed"] for asked in server.asked}) == 6, "each turn has its own"
    (second,) = (a for a in server.asked[:6] if a["prompt"][0][:3] == [5, 6, 7] != a["prompt"][0])
    assert second["prompt"] == [[5, 6, 7, *played[0][0].ids, 9, 10]], "ids go as they came"


def test_a_server_is_asked_by_all_at_once_and_tools_run_meanwhile(model: Any, client: Any) -> None:
    with serving(model, together=16) as server:
        acting = policy(Served(client(server)))
        began = time.monotonic()
        play(acting, list(range(16)), [[[5], [6]]] * 16, tool_s=0.5)
    assert len(server.asked) == 32
    assert time.monotonic() - began < 12, "the tools take 16 s one after another"


def test_a_server_that_was_not_started_for_training(model: Any, client: Any) -> None:
    with (
        serving(model, logprobs_mode="raw_logprobs") as server,
        pytest.raises(PlanFault) as found,
    ):
        Served(client(server))
    assert found.value.path == "rollout.vllm.server"
    assert "--logprobs-mode processed_logprobs" in str(found.value.help)


def test_a_server_that_is_gone(model: Any, client: Any) -> None:
    with serving(model) as server:
        acting = policy(Served(client(server)))
    with pytest.raises(RemoteFailed, match=f"the vLLM server at {server.url} does not answer"):
        play(acting, [1], [[[5]]])


def test_a_server_that_is_silent(model: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm, "REQUEST_S", 0.1)
    with serving(model, delay_s=0.5) as server, pytest.raises(RemoteFailed, match="ReadTimeout"):
        play(policy(Served(client(server))), [1], [[[5]]])


def test_the_client_that_sends_weights_waits_no_longer_either(
    model: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is TRL's own."""
    monkeypatch.setattr(vllm, "REQUEST_S", 0.1)
    with serving(model) as server, socket.create_server(("127.0.0.1", 0)) as silent:
        own = client(server)
        limit_server_waits(SimpleNamespace(vllm_generation=SimpleNamespace(vllm_client=own)))
        own.base_url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(RemoteFailed, match=f"{own.base_url} does not answer: ReadTimeout"):
            own.reset_prefix_cache()
    limit_server_waits(SimpleNamespace())  # a trainer without vLLM has none


@dataclass(frozen=True)
class Parameters:
    """The parameters that we give, by vLLM's names; another name is a TypeError."""

    temperature: float
    max_tokens: int
    logprobs: int
    seed: int
    stop_token_ids: list[int]
    ignore_eos: bool


class Engine:
    """An engine as TRL's source uses vLLM's `LLM`, over a real small model."""

    def __init__(self, model: Any, delay_s: float = 0.0) -> None:
        self.model, self.delay_s = model, delay_s
        self.batches: list[int] = []
        self.llm_engine = SimpleNamespace(model_config=SimpleNamespace(max_model_len=99))

    def generate(
        self, prompts: list[Any], *, sampling_params: list[Parameters], use_tqdm: bool
    ) -> list[Any]:
        self.batches.append(len(prompts))
        time.sleep(self.delay_s)
        return [
            self._output(one["prompt_token_ids"], given)
            for one, given in zip(prompts, sampling_params, strict=True)
        ]

    def _output(self, ids: list[int], given: Parameters) -> Any:
        (end,) = given.stop_token_ids
        acting = TransformersPolicy(
            self.model, end_id=end, temperature=given.temperature, rollout=Rollout()
        )

        async def write() -> Written:
            async with acting.session(1) as session:
                return await session.open(given.seed).write(ids, max_tokens=given.max_tokens)

        turn = asyncio.run(write())
        logprobs = [
            {token: SimpleNamespace(logprob=value, rank=1)}
            for token, value in zip(turn.ids, turn.logprobs, strict=True)
        ]
        written = SimpleNamespace(token_ids=list(turn.ids), logprobs=logprobs)
        return SimpleNamespace(outputs=[written], prompt_token_ids=ids)


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import trl.generation.vllm_generation  # noqa: F401 -- before it could take this for vLLM

    module = ModuleType("vllm")
    module.SamplingParams = Parameters  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", module)


@pytest.mark.usefixtures("_installed")
def test_turns_of_an_engine_in_the_process(model: Any) -> None:
    engine = Engine(model)
    acting = policy(Colocated(engine, device=torch.device("cpu")))
    assert acting.context == 99
    played = play(acting, [1, 2, 3], SCRIPTS)
    assert_sampled(model, played, 0.7)
    assert engine.batches[0] == 3, "who asks in the same moment is one batch"


@pytest.mark.usefixtures("_installed")
def test_an_engine_is_called_once_at_a_time_with_all_who_wait(model: Any) -> None:
    engine = Engine(model, delay_s=0.1)
    play(policy(Colocated(engine, device=torch.device("cpu"))), [1] * 8, [[[5], [6], [7]]] * 8)
    assert engine.batches == [8, 8, 8]


@pytest.mark.usefixtures("_installed")
def test_a_failing_engine_fails_every_waiter(model: Any) -> None:
    with pytest.raises(IndexError):
        play(policy(Colocated(Engine(model), device=torch.device("cpu"))), [1, 2], [[[10**6]]] * 2)


def test_what_we_rely_on_in_trl() -> None:
    """The engine that TRL makes, and when it gives it new weights."""
    from trl import GRPOConfig, GRPOTrainer
    from trl.generation.vllm_generation import VLLMGeneration

    made = inspect.getsource(VLLMGeneration._init_vllm)
    assert 'logprobs_mode="processed_logprobs"' in made
    assert "self.llm = LLM(" in made
    called = inspect.getsource(VLLMGeneration.generate)
    assert "self.llm.generate(vllm_prompts, sampling_params=" in called
    assert '{"prompt_token_ids": ids}' in called
    synced = inspect.getsource(GRPOTrainer._generate)
    assert synced.index("self.vllm_generation.sync_weights()") < synced.index("self.rollout_func(")
    assert not GRPOConfig.vllm_enable_sleep_mode, "an engine that sleeps must be woken first"
