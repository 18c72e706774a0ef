"""A server that speaks what TRL's client says to `vllm serve`, over a real small model.

    GET  /health  /v1/models  /server_info     POST /v1/completions

It refuses what it does not know, so a test fails where TRL's client or we ask for something else.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mrlc.runtime.rollout.policies.transformers import TransformersPolicy
from mrlc.schemas.rollout import Rollout

FIXED = {
    "model": "served",
    "n": 1,
    "repetition_penalty": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "min_p": 0.0,
    "logprobs": 0,
    "return_token_ids": True,
    "return_tokens_as_token_ids": True,
    "ignore_eos": True,
}
"""Parameters that must be so: with any other one the samples are not those of the policy."""
ASKED = {"prompt", "max_tokens", "temperature", "seed", "stop_token_ids"}


class VllmServer:
    """What was asked, and how it answers."""

    def __init__(self, model: Any, *, delay_s: float, together: int, logprobs_mode: str) -> None:
        self.model = model
        self.delay_s = delay_s
        self.logprobs_mode = logprobs_mode
        self.asked: list[dict[str, Any]] = []
        self.url = ""
        self._together = threading.Barrier(together, timeout=60)
        self._computing = threading.Lock()

    def get(self, path: str) -> Any:
        if path == "/health":
            return {}
        if path == "/v1/models":
            return {"data": [{"id": "served"}]}
        if path == "/server_info?config_format=json":
            length = self.model.config.max_position_embeddings
            told = {"logprobs_mode": self.logprobs_mode, "max_model_len": length}
            return {"vllm_config": {"model_config": told}}
        raise KeyError(path)

    def complete(self, asked: dict[str, Any]) -> Any:
        assert {k: v for k, v in asked.items() if k not in ASKED} == FIXED, asked
        assert asked.keys() >= ASKED
        self.asked.append(asked)
        time.sleep(self.delay_s)
        self._together.wait()
        ((ids,), (end,)) = asked["prompt"], asked["stop_token_ids"]
        policy = TransformersPolicy(
            self.model,
            end_id=end,
            temperature=asked["temperature"],
            rollout=Rollout(),
        )

        async def write() -> Any:
            async with policy.session(1) as session:
                sequence = session.open(asked["seed"])
                return await sequence.write(ids, max_tokens=asked["max_tokens"])

        with self._computing:
            turn = asyncio.run(write())
        tokens = [f"token_id:{one}" for one in turn.ids]
        logprobs = {
            "tokens": tokens,
            "token_logprobs": list(turn.logprobs),
            "top_logprobs": [{t: p} for t, p in zip(tokens, turn.logprobs, strict=True)],
        }
        choice = {"prompt_token_ids": ids, "token_ids": list(turn.ids), "logprobs": logprobs}
        return {"choices": [choice]}


@contextmanager
def serving(
    model: Any,
    *,
    delay_s: float = 0.0,
    together: int = 1,
    logprobs_mode: str = "processed_logprobs",
) -> Iterator[VllmServer]:
    """A server on a free port; it answers when so many ask `together`."""
    told = VllmServer(model, delay_s=delay_s, together=together, logprobs_mode=logprobs_mode)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(lambda: told.get(self.path))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/v1/completions"
            self._answer(lambda: told.complete(body))

        def _answer(self, work: Any) -> None:
            try:
                status, answer = 200, work()
            except Exception as error:  # noqa: BLE001 -- the client is to see it
                status, answer = 400, {"error": repr(error)}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Listening(ThreadingHTTPServer):
        request_queue_size = 128

    with Listening(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield told
        finally:
            server.shutdown()
