"""Turns written by vLLM, token ids in and out, in a thread while tools of other episodes run.

A sequence keeps its ids, and sends all of them for each turn: vLLM's prefix cache holds what it has
computed of them. Two back ends:

    Served      a request a turn to `vllm serve`, which batches whatever has arrived
    Colocated   the engine in this process, which takes a batch at a time: who asks while one is
                being written goes into the next

A turn ends at the chat format's end id alone, as with any policy of ours. Log-probs are those of
the distribution that was sampled from, temperature included: TRL sets `processed_logprobs` on the
engine, a server must be started with it. Each turn has a seed of its own; yet the order in which
vLLM batches requests changes the last bits of its sums, so equal seeds do not give equal episodes.
"""

from __future__ import annotations

import asyncio
from collections import abc
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from mrlc.runtime.errors import PlanFault, RemoteFailed
from mrlc.runtime.rollout.policies.policy import Sequence, Session, Written
from mrlc.runtime.seeds import derive_seed

WINDOW_S = 0.005
"""How long an idle engine waits for more to come: less than one token takes."""
REQUEST_S = 600.0
"""Of one turn, or one message about weights; a server that is silent for longer is taken for dead."""


@dataclass(frozen=True)
class Request:
    """A turn to be written."""

    ids: list[int]
    """The whole sequence so far."""
    max_tokens: int
    seed: int
    end_id: int
    temperature: float

    @property
    def stopping(self) -> dict[str, Any]:
        """What vLLM calls the seed and the end of a turn; an end id of the model's own is none."""
        return {"seed": self.seed, "stop_token_ids": [self.end_id], "ignore_eos": True}

    def written(self, ids: abc.Sequence[int], logprobs: abc.Sequence[float | None]) -> Written:
        """The turn; a log-prob that vLLM does not know is NaN, which TRL's correction leaves out."""
        values = tuple(float("nan") if value is None else float(value) for value in logprobs)
        return Written(tuple(ids), values, has_ended=ids[-1] == self.end_id)


class BackEnd(Protocol):
    """What writes turns; called in threads of the policy's."""

    context: int
    """Tokens that a sequence may have."""

    @property
    def at_once(self) -> int | None:
        """Calls that may run side by side; None: as many as there are sequences."""
        ...

    def write(self, batch: list[Request]) -> list[Written]:
        """Write a turn for each request."""
        ...

    def enter_thread(self) -> None:
        """Called first in each thread."""
        ...


class Colocated:
    """TRL's engine in this process."""

    at_once = 1  # the engine is not made for several threads

    def __init__(self, llm: Any, *, device: Any) -> None:
        self._llm = llm
        self._device = device
        self.context = int(llm.llm_engine.model_config.max_model_len)

    def enter_thread(self) -> None:
        """A new thread would work on the first GPU."""
        import torch

        if self._device.type == "cuda":
            torch.cuda.set_device(self._device)

    def write(self, batch: list[Request]) -> list[Written]:
        """One call of the engine; every request has parameters of its own."""
        from trl.generation.vllm_generation import extract_logprobs
        from vllm import SamplingParams

        outputs = self._llm.generate(
            [{"prompt_token_ids": one.ids} for one in batch],
            sampling_params=[
                SamplingParams(
                    temperature=one.temperature,
                    max_tokens=one.max_tokens,
                    logprobs=0,
                    **one.stopping,
                )
                for one in batch
            ],
            use_tqdm=False,
        )
        logprobs, _ = extract_logprobs(outputs)
        return [
            one.written(output.outputs[0].token_ids, [token[0] for token in row])
            for one, output, row in zip(batch, outputs, logprobs, strict=True)
        ]


def limit_waits(client: Any) -> None:
    """Have a client of TRL's wait no longer for an answer than it may; by itself it would for ever.

    Whatever it then asks raises `RemoteFailed` where the server does not answer.
    """
    from requests import RequestException
    from requests.adapters import HTTPAdapter

    class Timed(HTTPAdapter):
        def send(self, request: Any, *given: Any, **options: Any) -> Any:
            try:
                return super().send(request, *given, **(options | {"timeout": REQUEST_S}))
            except RequestException as error:
                message = f"the vLLM server at {client.base_url} does not answer"
                raise RemoteFailed(f"{message}: {type(error).__name__}") from error

    for scheme in ("http://", "https://"):
        client.session.mount(scheme, Timed(max_retries=2, pool_maxsize=256))


class Served:
    """A server, asked by TRL's client."""

    at_once = None

    def __init__(self, client: Any) -> None:
        """A server whose log-probs can be trained on.

        Raises:
            PlanFault: it was not started for training.
            RemoteFailed: it does not answer.
        """
        limit_waits(client)
        self._client = client
        model = client.get_server_info()["model_config"]
        if model["logprobs_mode"] != "processed_logprobs":
            message = f"the vLLM server gives {model['logprobs_mode']}, which cannot be trained on"
            help = "start it with --logprobs-mode processed_logprobs"
            raise PlanFault("rollout.vllm.server", message, help=help)
        self.context = int(model["max_model_len"])

    def enter_thread(self) -> None:
        """Any thread will do."""

    def write(self, batch: list[Request]) -> list[Written]:
        """A request each: only that has a seed and a limit of its own."""
        return [self._write(one) for one in batch]

    def _write(self, one: Request) -> Written:
        output = self._client.generate(
            [one.ids],
            temperature=one.temperature,
            max_tokens=one.max_tokens,
            generation_kwargs=one.stopping,
        )
        logprobs = [token[0] for token in output["logprobs"][0]]
        return one.written(output["completion_ids"][0], logprobs)


class VllmPolicy:
    """What writes is a back end; this collects who asks, and hands the turns back."""

    def __init__(self, back_end: BackEnd, *, end_id: int, temperature: float) -> None:
        self.end_id = end_id
        self.temperature = temperature
        self._back_end = back_end

    @property
    def context(self) -> int:
        """Tokens that a sequence may have."""
        return self._back_end.context

    @asynccontextmanager
    async def session(self, width: int) -> AsyncIterator[Session]:
        """Sequences that share the back end's threads."""
        desk = _Desk(self, self._back_end, width=width)
        try:
            yield desk
        finally:
            desk.shut()


class _Desk:
    """Takes requests in, one after another, and runs the back end in threads."""

    def __init__(self, policy: VllmPolicy, back_end: BackEnd, *, width: int) -> None:
        self._policy = policy
        self._back_end = back_end
        self._free = back_end.at_once or width
        self._threads = ThreadPoolExecutor(
            self._free, thread_name_prefix="vllm", initializer=back_end.enter_thread
        )
        self._waiting: list[tuple[Request, asyncio.Future[Written]]] = []
        self._runs: set[asyncio.Task[None]] = set()

    def open(self, seed: int) -> Sequence:
        """A sequence whose turns have seeds derived from this one."""
        return _Conversation(self._policy, self, seed)

    async def ask(self, request: Request) -> Written:
        """The turn, when it is written."""
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._free:
            self._free -= 1
            run = asyncio.create_task(self._serve())
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)
        return await future

    def shut(self) -> None:
        """End the threads; a call under way is waited for by nobody."""
        self._threads.shutdown(wait=False)

    async def _serve(self) -> None:
        """Write for who waits, until nobody does."""
        if self._back_end.at_once:
            await asyncio.sleep(WINDOW_S)
        try:
            while self._waiting:
                await self._write(self._taken())
        finally:
            self._free += 1

    def _taken(self) -> list[tuple[Request, asyncio.Future[Written]]]:
        """All that wait, where one call is all that can run; else the one that came first."""
        count = len(self._waiting) if self._back_end.at_once else 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _write(self, taken: list[tuple[Request, asyncio.Future[Written]]]) -> None:
        loop = asyncio.get_running_loop()
        batch = [request for request, future in taken if not future.done()]
        waiting = [future for _, future in taken if not future.done()]
        if not batch:
            return
        try:
            written = await loop.run_in_executor(self._threads, self._back_end.write, batch)
        except Exception as error:  # noqa: BLE001 -- handed to every waiter, not hidden
            for future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for future, turn in zip(waiting, written, strict=True):
            if not future.done():
                future.set_result(turn)


class _Conversation:
    """One sequence: all its ids, and the number of its next turn."""

    def __init__(self, policy: VllmPolicy, desk: _Desk, seed: int) -> None:
        self._policy = policy
        self._desk = desk
        self._seed = seed
        self._ids: list[int] = []
        self._turn = 0

    async def write(self, ids: abc.Sequence[int], *, max_tokens: int) -> Written:
        """Append `ids`, have a turn written after them, and append it."""
        self._ids += ids
        request = Request(
            ids=list(self._ids),
            max_tokens=max_tokens,
            seed=derive_seed(self._seed, self._turn) % 2**31,
            end_id=self._policy.end_id,
            temperature=self._policy.temperature,
        )
        turn = await self._desk.ask(request)
        self._ids += turn.ids
        self._turn += 1
        return turn

    def close(self) -> None:
        """Nothing is held here; vLLM forgets what it has no room for."""
