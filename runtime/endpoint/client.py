"""Asks one endpoint. Safe to use from one event loop after another, as each batch of episodes runs in one."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mrlc.runtime.endpoint.access import access
from mrlc.runtime.endpoint.attempts import (
    LONGEST_WAIT_S,
    Transient,
    is_transient,
    retry_after_s,
    wait_s,
)
from mrlc.runtime.endpoint.cache import Cache, digest
from mrlc.runtime.endpoint.completion import Completion, Cut, NotACompletion, read
from mrlc.runtime.endpoint.spending import Spending
from mrlc.runtime.errors import NoReply, RemoteFailed
from mrlc.schemas.endpoint import Endpoint

MAX_BYTES = 4_000_000
"""Of a reply; what is longer is not one."""

PATIENCE = 20
"""Requests in a row without a usable answer, after which the endpoint counts as down."""

_HOPELESS = {
    401: "it does not accept the key",
    403: "the key may not use this model",
    404: "there is no such address or model",
}


class _Loop:
    """What belongs to one event loop: places for requests, and a lock a request."""

    def __init__(self, concurrency: int) -> None:
        self.places = asyncio.Semaphore(concurrency)
        self.locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)


class ChatClient:
    """A client of OpenAI's chat completions for one section of a spec."""

    def __init__(self, endpoint: Endpoint, path: str) -> None:
        """Look up address and key; nothing is sent.

        Raises:
            PlanFault: a variable that the section names is not set or cannot be used.
        """
        import httpx2  # noqa: F401 -- a missing extra is told now, not hours later

        # It logs each address at INFO, and an address may hold a token.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        self.endpoint = endpoint
        self._who = f"`{endpoint.model}` at {endpoint.url} ({path})"
        self._path = path
        self._access = access(endpoint, path)
        self._cache = Cache()
        self._spending = Spending(endpoint.budget, path=path)
        self._failures = 0
        self._loops: dict[asyncio.AbstractEventLoop, _Loop] = {}

    def keep_in(self, folder: Path) -> None:
        """Keep answers under a folder; those there count as asked and paid for."""
        folder = folder / self._path
        self._cache.keep_in(folder)
        self._spending.count_kept(self._cache.kept())

    async def chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int,
        tools: Sequence[Mapping[str, Any]] = (),
        temperature: float = 0.0,
        sample: int = 0,
    ) -> Completion:
        """The model's next message. The section's own limits stand before the caller's.

        `sample` tells samples of one request apart, which the cache would else give as one; it is
        not sent.

        Raises:
            NoReply: no usable answer to this request.
            RemoteFailed: none to any: the budget is spent, the key is refused, the server is down.
        """
        body = self._body(messages, tools, max_tokens, temperature)
        is_sampled = body["temperature"] > 0
        name = digest({"url": self.endpoint.url, "sample": sample if is_sampled else 0, **body})
        loop = self._loop()
        async with loop.locks[name]:  # the same question at the same time is asked once
            known = self._cache.get(name)
            if known is None:
                async with loop.places:
                    known = await self._asked(json.dumps(body).encode())
                self._cache.put(name, known)
        return known

    def _loop(self) -> _Loop:
        """What belongs to the running loop; what belonged to those that ended goes."""
        running = asyncio.get_running_loop()
        if running not in self._loops:
            self._loops = {one: its for one, its in self._loops.items() if not one.is_closed()}
            self._loops[running] = _Loop(self.endpoint.concurrency)
        return self._loops[running]

    def _body(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]],
        max_tokens: int,
        temperature: float,
    ) -> dict[str, Any]:
        own = self.endpoint
        body: dict[str, Any] = {
            "model": own.model,
            "messages": list(messages),
            "temperature": temperature if own.temperature is None else own.temperature,
            "max_tokens": max_tokens if own.max_tokens is None else own.max_tokens,
        }
        return body | ({"tools": list(tools)} if tools else {})

    async def _asked(self, body: bytes) -> Completion:
        """Ask, as often as the section allows, and keep count of failures in a row."""
        try:
            completion = await self._attempts(body)
        except NoReply as failure:
            self._failures += 1
            if self._failures >= PATIENCE:
                message = f"{failure}; so were the last {PATIENCE} requests, so the run ends here"
                raise RemoteFailed(message) from None
            raise
        self._failures = 0
        return completion

    async def _attempts(self, body: bytes) -> Completion:
        for attempt in range(self.endpoint.retries + 1):
            self._spending.begin()
            try:
                completion = await self._attempt(body)
            except Transient as failure:
                cause = failure
            else:
                # A server that does not count is counted by its bytes: four a token.
                written = len(body) + len(completion.text.encode())
                self._spending.end(completion.tokens or -(-written // 4))
                return completion
            if cause.retry_after_s > LONGEST_WAIT_S:
                raise NoReply(
                    f"{self._who}: {cause}, to be asked again in {cause.retry_after_s:.0f} s"
                )
            if attempt < self.endpoint.retries:
                await asyncio.sleep(wait_s(attempt, cause))
        raise NoReply(f"{self._who}: {cause}, after {self.endpoint.retries + 1} attempts")

    async def _attempt(self, body: bytes) -> Completion:
        import httpx2

        limit = self.endpoint.timeout_s
        try:
            async with asyncio.timeout(limit):  # of all of it: httpx2 times each read by itself
                status, header, text = await self._posted(body)
        except TimeoutError:
            raise Transient(f"no answer within {limit:g} s") from None
        except httpx2.InvalidURL:
            raise RemoteFailed(f"{self._who}: this is no web address") from None
        except httpx2.HTTPError as error:  # its message may hold the address
            raise Transient(f"the connection failed ({type(error).__name__})") from None
        return self._read(status, header, self._access.redact(text))

    async def _posted(self, body: bytes) -> tuple[int, str | None, str]:
        """Status, `Retry-After` and text of the reply, read no further than a reply can be.

        A connection a request: an event loop takes its connections with it when it ends, and what
        a handshake takes is little beside what a model takes.
        """
        import httpx2

        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        chunks, size = [], 0
        async with (
            httpx2.AsyncClient(verify=_tls(), timeout=None) as client,
            client.stream(
                "POST", self._access.url, content=body, headers=headers | self._access.headers
            ) as response,
        ):
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > MAX_BYTES:
                    raise NoReply(f"{self._who}: the reply is longer than {MAX_BYTES} bytes")
                chunks.append(chunk)
        text = b"".join(chunks).decode("utf-8", errors="replace")
        return response.status_code, response.headers.get("Retry-After"), text

    def _read(self, status: int, header: str | None, text: str) -> Completion:
        """The reply, or why there is none."""
        if is_transient(status):
            raise Transient(f"status {status}{_said(text)}", retry_after_s=retry_after_s(header))
        if status in _HOPELESS or 300 <= status < 400:
            why = _HOPELESS.get(status, "the address has moved; redirects are not followed")
            help = "correct `url`, `model` or the variable that `key` names"
            raise RemoteFailed(f"{self._who}: status {status}, {why}{_said(text)}; {help}")
        if status != 200:
            raise NoReply(f"{self._who}: status {status}{_said(text)}")
        try:
            return read(text)
        except Cut as error:
            raise Transient(f"the reply was cut or is {error}") from None
        except NotACompletion as error:
            raise NoReply(f"{self._who}: the reply is no chat completion: {error}") from None


def _said(text: str) -> str:
    """What a server says of its refusal: `error.message`, on one short line."""
    try:
        error = json.loads(text)["error"]
        message = error["message"] if isinstance(error, dict) else error
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    line = "".join(c if c.isprintable() else " " for c in str(message)[:400])
    return f": {' '.join(line.split())[:200]}"


@cache
def _tls() -> Any:
    """Made once: reading the certificates takes longer than a request to this machine."""
    import httpx2

    return httpx2.create_ssl_context()
