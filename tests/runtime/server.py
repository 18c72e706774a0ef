"""A real chat server on this machine that answers as it is told, misbehaving or not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-0123456789abcdef"  # the form of a key, and none


@dataclass(frozen=True)
class Reply:
    """What is sent back to one request."""

    body: bytes | str | dict[str, Any]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 0.0
    claims: int | None = None
    """The length in the header, where it is not that of the body."""

    @property
    def bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


def says(text: str, *calls: tuple[str, Any], finish: str = "stop", tokens: int = 10) -> Reply:
    """A well-formed completion; arguments that are no text are written as JSON."""
    tool_calls = [
        {
            "id": f"call-{number}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": given if isinstance(given, str) else json.dumps(given),
            },
        }
        for number, (name, given) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": text, "tool_calls": tool_calls or None}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return Reply({"choices": [choice], "usage": {"total_tokens": tokens}})


class Server:
    """What was asked, and who answers."""

    def __init__(self, *replies: Reply) -> None:
        self.answer: Callable[[dict[str, Any]], Reply] = _in_order(replies)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.times: list[float] = []
        self.most = 0
        self.url = ""
        self._now = 0
        self._lock = threading.Lock()

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self._lock:
            self.asked.append(body)
            self.keys.append(handler.headers.get("Authorization"))
            self.times.append(time.monotonic())
            self._now += 1
            self.most = max(self.most, self._now)
            reply = self.answer(body)
        try:
            time.sleep(reply.hang_s)
            handler.send_response(reply.status)
            claimed = len(reply.bytes) if reply.claims is None else reply.claims
            for name, value in {"Content-Length": str(claimed), **reply.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(reply.bytes)
        except OSError:
            pass  # the client has hung up, as some tests want it to
        finally:
            with self._lock:
                self._now -= 1


def _in_order(replies: tuple[Reply, ...]) -> Callable[[dict[str, Any]], Reply]:
    """Each reply once, and the last for ever."""
    waiting = list(replies)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def serving(*replies: Reply) -> Iterator[Server]:
    """A server until the block ends; a reply each, the last one repeated."""
    server = Server(*replies)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.take(self)

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=lambda: http.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.socket.close()
